package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/trust"
)

func (g *globals) pluginsLockCommand() *cobra.Command {
	return &cobra.Command{
		Use: "lock", Short: "Pin the vendor plugins of --plugins in the lock file",
		Long: `Lock writes the digest of each vendor plugin in the folder --plugins into the lock
file. A plugin that is not pinned, or whose file has changed since, is not started.
Lock starts none of them either: it trusts the files as they are now.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return g.lockPlugins() },
	}
}

func (g *globals) lockPlugins() error {
	if g.pluginDir == "" {
		return usageError(fmt.Errorf("name the folder of vendor plugins with --plugins"))
	}
	lock, err := trust.Load(g.lockFile)
	if err != nil {
		return err
	}
	found, err := trust.Discover(g.pluginDir)
	if err != nil {
		return err
	}
	for _, f := range found {
		if err := trust.CheckWritable(f.Path); err != nil {
			return err
		}
		b, err := trust.Read(f.Path)
		if err != nil {
			return err
		}
		lock.Pin(trust.Pin{Name: f.Name, Platform: trust.Platform(), SHA256: b.SHA256})
		fmt.Fprintf(g.stdout, "%s %s\n", f.Name, b.SHA256)
	}
	if len(found) == 0 {
		fmt.Fprintf(g.stderr, "rectify: %s holds no vendor plugin\n", g.pluginDir)
		return nil
	}
	return lock.Save(g.lockFile)
}
