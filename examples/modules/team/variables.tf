variable "name" {
  description = "Name of the team and of its namespace."
  type        = string
}

variable "claim_namespace" {
  description = "Namespace in which the provider notes what the workspace is."
  type        = string
  default     = "default"
}

variable "cost_center" {
  description = "Label of the namespace by which its costs are allocated."
  type        = string
}

variable "memory" {
  description = "Memory that all pods of the team may request together, for instance 8Gi."
  type        = string
}

variable "s3" {
  description = "Object storage that the team may use: an s3 of a user of analytics_minio."
  type = object({
    endpoint  = string
    region    = string
    bucket    = string
    namespace = string
    secret    = string
    version   = string
  })
}

variable "api_url" {
  description = "URL of an HTTP API that is told what was loaded. Default: none is."
  type        = string
  default     = null
}

variable "api_token" {
  description = "Bearer token for the API. It stands in no plan and no state."
  type        = string
  default     = null
  ephemeral   = true
}

variable "api_token_version" {
  description = "Change it to have another api_token sent."
  type        = string
  default     = "1"
}
