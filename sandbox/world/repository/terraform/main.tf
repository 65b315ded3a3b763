terraform {
  required_version = ">= 1.9"
  backend "s3" {
    bucket = "sundial-terraform"
    key    = "infrastructure.tfstate"
    region = "eu-central-1"
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { company = "sundial", managed-by = "terraform" }
  }
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "environment" {
  type    = string
  default = "production"
}
