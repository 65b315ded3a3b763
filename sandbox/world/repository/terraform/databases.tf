# The order archive: orders older than two years, read by finance through orders-export.
resource "aws_db_instance" "orders_archive" {
  identifier              = "orders-archive"
  engine                  = "postgres"
  engine_version          = "17.6"
  instance_class          = "db.m7g.large"
  allocated_storage       = 500
  max_allocated_storage   = 2000
  multi_az                = false
  backup_retention_period = 14
  username                = "orders"
  password                = data.aws_secretsmanager_secret_version.orders_archive.secret_string
  tags                    = { service = "orders", team = "payments", environment = var.environment }
}

data "aws_secretsmanager_secret_version" "orders_archive" {
  secret_id = "production/orders-archive"
}

# Rate limits of the public API; losing it opens the gateway, it does not close it.
resource "aws_elasticache_replication_group" "gateway_limits" {
  replication_group_id       = "gateway-limits"
  description                = "Rate limit counters of gateway"
  engine                     = "redis"
  node_type                  = "cache.t4g.medium"
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  tags                       = { service = "gateway", team = "platform", environment = var.environment }
}
