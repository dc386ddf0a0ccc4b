# Weft on AWS: Fargate behind an application load balancer, Postgres on RDS in two zones, ElastiCache, a bucket.
#
#   export TF_VAR_database_password=$(openssl rand -hex 32) TF_VAR_encryption_secret=$(openssl rand -hex 32)
#   terraform init && terraform apply
#
# The two secrets go to RDS and Secrets Manager and are written into no state file. Keep them: backups need the second one.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { Application = "weft", Installation = var.name }
  }
}

locals {
  http_port    = 8080
  metrics_port = 9090
  # The folder in the bucket.
  folder = "data"
}
