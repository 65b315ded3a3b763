# redis-reco-backup streams its nightly snapshot here.
resource "aws_s3_bucket" "backups" {
  bucket = "sundial-backups"
  tags   = { service = "redis-reco-backup", team = "discovery", environment = var.environment }
}

resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id
  rule {
    id     = "redis-reco"
    status = "Enabled"
    filter { prefix = "redis-reco/" }
    expiration { days = 30 }
  }
}

resource "aws_iam_role" "redis_reco_backup" {
  name               = "redis-reco-backup"
  assume_role_policy = data.aws_iam_policy_document.backup_pods.json
}

resource "aws_iam_role_policy" "redis_reco_backup" {
  role = aws_iam_role.redis_reco_backup.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:PutObject"], Resource = "${aws_s3_bucket.backups.arn}/redis-reco/*" }]
  })
}

data "aws_iam_policy_document" "backup_pods" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::123456789012:oidc-provider/sundial-eu"]
    }
  }
}
