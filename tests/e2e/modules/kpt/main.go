// The `fn` commands of kpt, as its own program has them. The program itself needs a module that the proxy does not have.
package main

import (
	"context"
	"os"

	"github.com/kptdev/kpt/commands/fn"
	"github.com/kptdev/kpt/pkg/printer"
)

func main() {
	ctx := printer.WithContext(context.Background(), printer.New(os.Stdout, os.Stderr))
	command := fn.GetCommand(ctx, "kpt")
	command.PersistentFlags().BoolP("help", "h", false, "")
	if err := command.ExecuteContext(ctx); err != nil {
		os.Exit(1)
	}
}
