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
