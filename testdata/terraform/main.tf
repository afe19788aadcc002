# A pipeline from a bucket over a topic to a function and a queue, as Terraform's
# AWS provider builds it today: every kind of resource that Runnel and the
# provider have to agree on. terraform_test.go applies, changes and destroys it.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

variable "endpoint" {
  description = "Where Runnel serves."
}

variable "team" {
  default = "ingestion"
}

variable "acl" {
  default = "public-read"
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "runnel"
  secret_key                  = "runnel"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true

  endpoints {
    cloudwatch = var.endpoint
    dynamodb   = var.endpoint
    events     = var.endpoint
    iam        = var.endpoint
    lambda     = var.endpoint
    logs       = var.endpoint
    s3         = var.endpoint
    sns        = var.endpoint
    sqs        = var.endpoint
    sts        = var.endpoint
  }

  default_tags {
    tags = { team = var.team }
  }
}

data "aws_caller_identity" "self" {}

# The bucket. Access control lists need all of this since April 2023.

resource "aws_s3_bucket" "upload" {
  bucket        = "sns-sqs-upload-bucket"
  force_destroy = true
}

resource "aws_s3_bucket_ownership_controls" "upload" {
  bucket = aws_s3_bucket.upload.id
  rule { object_ownership = "BucketOwnerPreferred" }
}

resource "aws_s3_bucket_public_access_block" "upload" {
  bucket                  = aws_s3_bucket.upload.id
  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_acl" "upload" {
  bucket     = aws_s3_bucket.upload.id
  acl        = var.acl
  depends_on = [aws_s3_bucket_ownership_controls.upload, aws_s3_bucket_public_access_block.upload]
}

resource "aws_s3_bucket_cors_configuration" "upload" {
  bucket = aws_s3_bucket.upload.id
  cors_rule {
    allowed_methods = ["GET"]
    allowed_origins = ["*"]
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "upload" {
  bucket = aws_s3_bucket.upload.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

resource "aws_s3_object" "readme" {
  bucket  = aws_s3_bucket.upload.id
  key     = "readme.txt"
  content = "Put *.csv here. ${var.team}"
}

resource "aws_s3_bucket_notification" "upload" {
  bucket      = aws_s3_bucket.upload.id
  eventbridge = true

  topic {
    topic_arn     = aws_sns_topic.upload.arn
    events        = ["s3:ObjectCreated:*"]
    filter_suffix = ".csv"
  }

  depends_on = [aws_sns_topic_policy.upload]
}

# The topic, which that bucket alone may publish to.

resource "aws_sns_topic" "upload" {
  name = "sns-sqs-upload-topic"
}

resource "aws_sns_topic_policy" "upload" {
  arn    = aws_sns_topic.upload.arn
  policy = data.aws_iam_policy_document.topic.json
}

data "aws_iam_policy_document" "topic" {
  policy_id = "snssqssns"
  statement {
    sid       = "snssqssnss3upload"
    effect    = "Allow"
    actions   = ["SNS:Publish"]
    resources = [aws_sns_topic.upload.arn]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.upload.arn]
    }
  }
}

resource "aws_sns_topic_subscription" "function" {
  topic_arn = aws_sns_topic.upload.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.convert.arn
}

resource "aws_sns_topic_subscription" "queue" {
  topic_arn            = aws_sns_topic.upload.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.upload.arn
  raw_message_delivery = true
  filter_policy_scope  = "MessageBody"
  filter_policy        = jsonencode({ Records = { eventName = [{ prefix = "ObjectCreated:" }] } })
}

# The function and its role.

resource "aws_iam_role" "exec" {
  name        = "lambda_exec"
  description = "Allows Lambda Function to call AWS services on your behalf."
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "send" {
  name = "send"
  role = aws_iam_role.exec.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sqs:SendMessage"], Resource = aws_sqs_queue.upload.arn }]
  })
}

resource "aws_iam_policy" "read" {
  name = "read-uploads"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "${aws_s3_bucket.upload.arn}/*" }]
  })
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.exec.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.exec.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_cloudwatch_log_group" "convert" {
  name              = "/aws/lambda/convert"
  retention_in_days = 14
}

resource "aws_lambda_function" "convert" {
  function_name    = "convert"
  role             = aws_iam_role.exec.arn
  handler          = "test.echo"
  runtime          = "provided.al2023"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  timeout          = 30

  environment {
    variables = { QUEUE_URL = aws_sqs_queue.upload.url, TEAM = var.team }
  }

  depends_on = [aws_cloudwatch_log_group.convert]
}

resource "aws_lambda_permission" "topic" {
  statement_id  = "AllowExecutionFromSNS"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.convert.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.upload.arn
}

resource "aws_lambda_permission" "rule" {
  statement_id  = "AllowExecutionFromEventBridge"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.convert.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.objects.arn
}

resource "aws_lambda_event_source_mapping" "dead" {
  event_source_arn = aws_sqs_queue.dead.arn
  function_name    = aws_lambda_function.convert.arn
  batch_size       = 5
}

# The queues, which that topic alone may send to.

resource "aws_sqs_queue" "dead" {
  name                       = "sns-sqs-dead"
  visibility_timeout_seconds = 60
}

resource "aws_sqs_queue" "upload" {
  name           = "sns-sqs-upload"
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
}

resource "aws_sqs_queue_policy" "upload" {
  queue_url = aws_sqs_queue.upload.id
  policy    = data.aws_iam_policy_document.queue.json
}

data "aws_iam_policy_document" "queue" {
  statement {
    effect    = "Allow"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.upload.arn]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.upload.arn]
    }
  }
}

# What watches it.

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "convert-errors"
  alarm_description   = "The function fails."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.convert.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.upload.arn]
}

resource "aws_cloudwatch_event_rule" "objects" {
  name          = "objects"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { object = { key = [{ suffix = ".parquet" }] } }
  })
}

resource "aws_cloudwatch_event_target" "objects" {
  rule      = aws_cloudwatch_event_rule.objects.name
  target_id = "function"
  arn       = aws_lambda_function.convert.arn
}

resource "aws_cloudwatch_event_rule" "daily" {
  name                = "daily"
  state               = "DISABLED"
  schedule_expression = "cron(0 3 * * ? *)"
}

resource "aws_cloudwatch_event_target" "daily" {
  rule  = aws_cloudwatch_event_rule.daily.name
  arn   = aws_lambda_function.convert.arn
  input = jsonencode({ hello = "daily" })
}

# What it keeps.

resource "aws_dynamodb_table" "rows" {
  name         = "rows"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "file"
  range_key    = "line"

  attribute {
    name = "file"
    type = "S"
  }
  attribute {
    name = "line"
    type = "N"
  }
  ttl {
    attribute_name = "expires"
    enabled        = true
  }
}

output "bucket" {
  value = aws_s3_bucket.upload.bucket
}

output "queue" {
  value = aws_sqs_queue.upload.url
}
