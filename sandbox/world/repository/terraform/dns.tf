data "aws_route53_zone" "sundial" {
  name = "sundial.example"
}

resource "aws_route53_record" "shop" {
  zone_id = data.aws_route53_zone.sundial.zone_id
  name    = "shop.sundial.example"
  type    = "CNAME"
  ttl     = 60
  records = ["ingress.eu-central-1.sundial.example"]
}

# The address check that checkout calls for every order; see docs/architecture/checkout.md.
resource "aws_route53_record" "postcheck" {
  zone_id = data.aws_route53_zone.sundial.zone_id
  name    = "postcheck.sundial.example"
  type    = "CNAME"
  ttl     = 300
  records = ["eu.api.postcheck.example"]
}
