# Paid orders for the warehouse; orders writes, the warehouse's own system reads.
resource "aws_sqs_queue" "fulfilment" {
  name                       = "sundial-fulfilment"
  visibility_timeout_seconds = 120
  message_retention_seconds  = 1209600
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.fulfilment_dead.arn
    maxReceiveCount     = 5
  })
  tags = { service = "orders", team = "payments", environment = var.environment }
}

resource "aws_sqs_queue" "fulfilment_dead" {
  name = "sundial-fulfilment-dead"
  tags = { service = "orders", team = "payments", environment = var.environment }
}
