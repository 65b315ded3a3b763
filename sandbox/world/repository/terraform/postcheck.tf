# The address check that checkout calls for every order; see docs/architecture/checkout.md.
resource "aws_route53_record" "postcheck" {
  zone_id = data.aws_route53_zone.sundial.zone_id
  name    = "postcheck.sundial.example"
  type    = "CNAME"
  ttl     = 300
  records = ["eu.api.postcheck.example"]
}

# Keeps the provider's key, so that checkout does not have to.
resource "aws_lambda_function" "postcheck_proxy" {
  function_name = "postcheck-proxy"
  role          = "arn:aws:iam::123456789012:role/postcheck-proxy"
  package_type  = "Image"
  image_uri     = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/postcheck-proxy:1.3.0"
  timeout       = 3
  environment {
    variables = { POSTCHECK_URL = "https://postcheck.sundial.example/v1" }
  }
  tags = { service = "postcheck-proxy", team = "payments", environment = var.environment }
}
