# The resources of template.yaml, for Terraform.
#
#   terraform init
#   terraform apply -var function_zip=function.zip
#
# On Runnel, with the variables that `runnel up` prints, add -var local=true: it
# has no host name for each bucket.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  s3_use_path_style = var.local
}

variable "local" {
  type        = bool
  default     = false
  description = "whether this is Runnel on one machine"
}

variable "function_zip" {
  type        = string
  description = "the functions' program, functions/bootstrap, built as bootstrap and zipped"
}

variable "name" {
  type    = string
  default = "csv-fanout"
}

variable "bucket" {
  type    = string
  default = "runnel-csv-fanout-uploads"
}

variable "output" {
  type        = string
  default     = "rows"
  description = "a message per row (rows), or one per file (document)"
}

variable "separator" {
  type    = string
  default = "auto"
}

variable "charset" {
  type    = string
  default = "auto"
}

variable "columns" {
  type        = list(string)
  default     = []
  description = "columns that a file must have"
}

variable "alarm_endpoint" {
  type        = string
  default     = ""
  description = "an https:// URL that is told of alarms, besides the queue of alarms, and confirms"
}

data "aws_caller_identity" "current" {}

# --- A file becomes a message of the topic -----------------------------------

resource "aws_s3_bucket" "upload" {
  bucket        = var.bucket
  force_destroy = true
}

resource "aws_sns_topic" "upload" {
  name = "${var.name}-uploads"
}

data "aws_iam_policy_document" "upload" {
  statement {
    sid       = "Uploads"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.upload.arn]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.upload.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "upload" {
  arn    = aws_sns_topic.upload.arn
  policy = data.aws_iam_policy_document.upload.json
}

resource "aws_s3_bucket_notification" "upload" {
  bucket = aws_s3_bucket.upload.id
  topic {
    topic_arn     = aws_sns_topic.upload.arn
    events        = ["s3:ObjectCreated:*"]
    filter_suffix = ".csv"
  }
  depends_on = [aws_sns_topic_policy.upload]
}

# --- The message becomes JSON on a queue --------------------------------------

resource "aws_iam_role" "csv_to_json" {
  name = "${var.name}-csv-to-json"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.csv_to_json.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

data "aws_iam_policy_document" "csv_to_json" {
  statement {
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${aws_s3_bucket.upload.arn}/*"]
  }
  statement { # without it a deleted file is AccessDenied
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.upload.arn]
  }
  statement {
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.upload.arn}/quarantine/*", "${aws_s3_bucket.upload.arn}/documents/*"]
  }
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed_files.arn]
  }
  statement { # a file that takes several invocations
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.csv_to_json.arn]
  }
}

resource "aws_iam_role_policy" "csv_to_json" {
  name   = "csv-to-json"
  role   = aws_iam_role.csv_to_json.id
  policy = data.aws_iam_policy_document.csv_to_json.json
}

resource "aws_lambda_function" "csv_to_json" {
  function_name    = "${var.name}-csv-to-json"
  description      = "Makes JSON of the rows of a CSV file, and puts in quarantine what cannot be"
  role             = aws_iam_role.csv_to_json.arn
  runtime          = "provided.al2023"
  handler          = "csv-fanout.csv-to-json"
  filename         = var.function_zip
  source_code_hash = filebase64sha256(var.function_zip)
  memory_size      = 512
  timeout          = 900
  environment {
    variables = {
      QUEUE_URL = aws_sqs_queue.rows.url
      OUTPUT    = var.output
      SEPARATOR = var.separator
      CHARSET   = var.charset
      COLUMNS   = join(",", var.columns)
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "csv_to_json" {
  function_name          = aws_lambda_function.csv_to_json.function_name
  maximum_retry_attempts = 2
  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_files.arn
    }
  }
  depends_on = [aws_iam_role_policy.csv_to_json]
}

resource "aws_lambda_permission" "sns" {
  statement_id  = "AllowExecutionFromSNS"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.csv_to_json.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.upload.arn
}

resource "aws_sns_topic_subscription" "csv_to_json" {
  topic_arn  = aws_sns_topic.upload.arn
  protocol   = "lambda"
  endpoint   = aws_lambda_function.csv_to_json.arn
  depends_on = [aws_lambda_permission.sns]
}

resource "aws_sqs_queue" "rows" {
  name = var.name
}

data "aws_iam_policy_document" "rows" {
  statement {
    sid       = "Rows"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.rows.arn]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.csv_to_json.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "rows" {
  queue_url = aws_sqs_queue.rows.id
  policy    = data.aws_iam_policy_document.rows.json
}

resource "aws_sqs_queue" "failed_files" {
  name                      = "${var.name}-failed-files"
  message_retention_seconds = 1209600
}

# --- Others who want to know of the files -------------------------------------

resource "aws_sqs_queue" "notices" {
  name                       = "${var.name}-notices"
  visibility_timeout_seconds = 300
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed_files.arn
    maxReceiveCount     = 5
  })
}

data "aws_iam_policy_document" "notices" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.notices.arn]
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

resource "aws_sqs_queue_policy" "notices" {
  queue_url = aws_sqs_queue.notices.id
  policy    = data.aws_iam_policy_document.notices.json
}

resource "aws_sns_topic_subscription" "notices" {
  topic_arn = aws_sns_topic.upload.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.notices.arn
  # After the notification: notices are of files, not of S3's test of it.
  depends_on = [aws_sqs_queue_policy.notices, aws_s3_bucket_notification.upload]
}

# --- Alarms ----------------------------------------------------------------------

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-csv-to-json-errors"
  alarm_description   = "A file could not be read, or its rows could not be sent"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.csv_to_json.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "failed_files" {
  alarm_name          = "${var.name}-failed-files"
  alarm_description   = "Files failed three times and wait for somebody to look at them"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed_files.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_sns_topic" "alarms" {
  name = "${var.name}-alarms"
}

resource "aws_sqs_queue" "alarms" {
  name = "${var.name}-alarms"
}

data "aws_iam_policy_document" "alarms" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.alarms.arn]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.alarms.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "alarms" {
  queue_url = aws_sqs_queue.alarms.id
  policy    = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "alarms" {
  topic_arn            = aws_sns_topic.alarms.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.alarms.arn
  raw_message_delivery = true
  depends_on           = [aws_sqs_queue_policy.alarms]
}

resource "aws_sns_topic_subscription" "alarm_endpoint" {
  count     = var.alarm_endpoint == "" ? 0 : 1
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "https"
  endpoint  = var.alarm_endpoint
}

output "bucket" {
  value = aws_s3_bucket.upload.id
}

output "queue_url" {
  value = aws_sqs_queue.rows.url
}

output "topic" {
  value = aws_sns_topic.upload.arn
}

output "notice_queue_url" {
  value = aws_sqs_queue.notices.url
}

output "failed_files_url" {
  value = aws_sqs_queue.failed_files.url
}

output "alarm_queue_url" {
  value = aws_sqs_queue.alarms.url
}

output "alarm_topic" {
  value = aws_sns_topic.alarms.arn
}
