# The load balancer. It knows nothing of documents: people who edit one document may come to different servers, which is right
# and takes the way through Redis. Where most documents are busy, put deploy/nginx or deploy/haproxy between.

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  subnets            = var.public_subnet_ids
  security_groups    = [aws_security_group.balancer.id]
  # Of sockets: Weft sends something to each at least every 20 s (limits.keep_alive_seconds).
  idle_timeout               = 75
  drop_invalid_header_fields = true
  enable_deletion_protection = true
}

resource "aws_lb_target_group" "this" {
  name_prefix = "weft-"
  vpc_id      = var.vpc_id
  protocol    = "HTTP"
  port        = local.http_port
  target_type = "ip"
  # Sockets are closed by the server, with a hint to come back, as soon as it is told to stop.
  deregistration_delay          = 30
  load_balancing_algorithm_type = "least_outstanding_requests"

  # Not /readyz: ECS replaces what fails here, and a database that is away is no reason to end every socket.
  health_check {
    path                = "/healthz"
    interval            = 10
    timeout             = 6
    healthy_threshold   = 2
    unhealthy_threshold = 2
    matcher             = "200"
  }

  lifecycle { create_before_destroy = true }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}
