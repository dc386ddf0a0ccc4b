output "balancer_name" {
  description = "Point the name of public_url here."
  value       = aws_lb.this.dns_name
}

output "bucket" {
  description = "The bucket."
  value       = aws_s3_bucket.this.id
}

output "cluster" {
  description = "Where `aws ecs run-task` can run `weft migrate`, `weft backup` or `weft doctor`."
  value       = aws_ecs_cluster.this.name
}
