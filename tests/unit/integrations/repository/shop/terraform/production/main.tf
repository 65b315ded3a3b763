variable "environment" {
  default = "production"
}

locals {
  orders_host = aws_db_instance.orders.address
}

resource "aws_db_instance" "orders" {
  identifier     = "orders-${var.environment}"
  engine         = "postgres"
  instance_class = "db.r6g.large"
  password       = var.db_password
  tags = {
    team = "orders"
  }
}

resource "aws_s3_bucket" "archive" {
  bucket = "shop-order-archive"
}

resource "kubernetes_cron_job_v1" "export" {
  metadata {
    name      = "orders-export"
    namespace = "production"
  }
  spec {
    schedule = "0 2 * * *"
    job_template {
      metadata {}
      spec {
        template {
          metadata {}
          spec {
            container {
              name  = "export"
              image = "shop/orders-export:1.1"
              env {
                name  = "DB_HOST"
                value = local.orders_host
              }
              env {
                name  = "TARGET"
                value = "s3://shop-order-archive/daily"
              }
            }
          }
        }
      }
    }
  }
}

resource "datadog_monitor" "cart_errors" {
  name    = "cart: error rate"
  type    = "query alert"
  query   = "sum(last_5m):sum:trace.http.request.errors{service:cart,env:production}.as_count() > 50"
  message = "@slack-alerts"
}

resource "pagerduty_escalation_policy" "basket" {
  name = "Basket"
}

resource "pagerduty_service" "cart" {
  name              = "cart"
  escalation_policy = pagerduty_escalation_policy.basket.id
}
