package file

import (
	"os"
	"testing"

	"github.com/rectify-project/rectify/internal/memdisk"
)

func TestMain(m *testing.M) { os.Exit(memdisk.Run(m)) }
