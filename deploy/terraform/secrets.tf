# What servers must know and nobody else. Their values are in no state file.

locals {
  secrets = toset(["database-url", "encryption-secrets"])
}

resource "aws_secretsmanager_secret" "this" {
  for_each    = local.secrets
  name_prefix = "${var.name}-${each.value}-"
}

resource "aws_secretsmanager_secret_version" "database_url" {
  secret_id = aws_secretsmanager_secret.this["database-url"].id
  # Encrypted. To check the server's name as well, put the certificates of RDS into the image and say
  # sslmode=verify-full&sslrootcert=/path/to/them.
  secret_string_wo = format(
    "postgres://weft:%s@%s/weft?sslmode=require",
    var.database_password,
    aws_db_instance.this.endpoint,
  )
  secret_string_wo_version = var.secrets_version
}

resource "aws_secretsmanager_secret_version" "encryption_secrets" {
  secret_id                = aws_secretsmanager_secret.this["encryption-secrets"].id
  secret_string_wo         = "main:${var.encryption_secret}"
  secret_string_wo_version = var.secrets_version
}
