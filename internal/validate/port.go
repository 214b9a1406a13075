package validate

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Port validates the number of a port.
func Port() validator.Int64 { return int64validator.Between(1, 65535) }
