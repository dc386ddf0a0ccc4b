variable "region" {
  description = "The region that everything is in."
  type        = string
}

variable "name" {
  description = "The beginning of every name."
  type        = string
  default     = "weft"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}$", var.name))
    error_message = "2 to 19 small letters, digits and hyphens."
  }
}

variable "image" {
  description = "The image of deploy/Dockerfile, with its tag or digest."
  type        = string
}

variable "public_url" {
  description = "Where people find it, such as https://weft.example.com."
  type        = string
}

variable "certificate_arn" {
  description = "The certificate of that name, in ACM."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "public_subnet_ids" {
  description = "Where the load balancer is: two zones or more."
  type        = list(string)
}

variable "private_subnet_ids" {
  description = "Where everything else is: two zones or more, with a way to the internet for mail, webhooks and login providers."
  type        = list(string)
}

variable "trusted_networks" {
  description = "The networks of the load balancer: the CIDR blocks of the public subnets."
  type        = list(string)
}

variable "database_password" {
  description = "The password of the database's role: letters and digits, because it stands in an address."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "encryption_secret" {
  description = "Encrypts signing keys in the database: 32 bytes or more."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "secrets_version" {
  description = "Raise it to have changed secrets written."
  type        = number
  default     = 1
}

variable "servers" {
  description = "How many servers there are at least and at most."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 8 }
}

variable "size" {
  description = "Processor units and MiB of memory of a server."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 2048, memory = 4096 }
}

variable "database_class" {
  description = "The class of the database's machines."
  type        = string
  default     = "db.m7g.large"
}

variable "redis_type" {
  description = "The type of the Redis machines."
  type        = string
  default     = "cache.t4g.small"
}

variable "settings" {
  description = "More settings, by the names of their variables (docs/configuration.md)."
  type        = map(string)
  default     = {}
}
