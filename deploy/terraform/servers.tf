# The servers.

resource "aws_cloudwatch_log_group" "this" {
  name_prefix       = "/weft/${var.name}/"
  retention_in_days = 30
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

locals {
  settings = merge({
    WEFT_LISTEN          = "0.0.0.0:${local.http_port}"
    WEFT_METRICS_LISTEN  = "0.0.0.0:${local.metrics_port}"
    WEFT_PUBLIC_URL      = var.public_url
    WEFT_LOG_FORMAT      = "json"
    WEFT_BLOBS           = "s3://${aws_s3_bucket.this.id}/${local.folder}"
    WEFT_S3_REGION       = var.region
    WEFT_REDIS_URL       = "rediss://${aws_elasticache_replication_group.this.primary_endpoint_address}:6379"
    WEFT_TRUSTED_PROXIES = join(",", var.trusted_networks)
  }, var.settings)
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory
  execution_role_arn       = aws_iam_role.starter.arn
  task_role_arn            = aws_iam_role.server.arn

  # Scratch space: what must survive is in Postgres and the bucket.
  volume {
    name = "data"
  }

  container_definitions = jsonencode([{
    name                   = "weft"
    image                  = var.image
    command                = ["serve"]
    essential              = true
    readonlyRootFilesystem = true
    # limits.shutdown_seconds is 25.
    stopTimeout  = 40
    portMappings = [{ containerPort = local.http_port }, { containerPort = local.metrics_port }]
    mountPoints  = [{ sourceVolume = "data", containerPath = "/data" }]
    environment  = [for name, value in local.settings : { name = name, value = value }]
    secrets = [
      { name = "WEFT_DATABASE_URL", valueFrom = aws_secretsmanager_secret.this["database-url"].arn },
      { name = "WEFT_AUTH_ENCRYPTION_SECRETS", valueFrom = aws_secretsmanager_secret.this["encryption-secrets"].arn },
    ]
    ulimits = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    healthCheck = {
      command     = ["CMD", "curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:${local.http_port}/healthz"]
      interval    = 10
      timeout     = 5
      retries     = 6
      startPeriod = 60
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "weft"
        # A full pipe must not stop the server.
        mode            = "non-blocking"
        max-buffer-size = "16m"
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  launch_type     = "FARGATE"
  desired_count   = var.servers.min

  # One more while a version changes, never one less.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 150
  health_check_grace_period_seconds  = 120

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets         = var.private_subnet_ids
    security_groups = [aws_security_group.server.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "weft"
    container_port   = local.http_port
  }

  depends_on = [
    aws_lb_listener.https,
    aws_secretsmanager_secret_version.database_url,
    aws_secretsmanager_secret_version.encryption_secrets,
  ]

  lifecycle { ignore_changes = [desired_count] }
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  min_capacity       = var.servers.min
  max_capacity       = var.servers.max
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value = 60
    # Up quickly, down slowly: every change of the number makes people reconnect.
    scale_out_cooldown = 60
    scale_in_cooldown  = 900
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
