package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// newCommand is the command line.
func newCommand() *cobra.Command {
	var opts options
	root := &cobra.Command{
		Use:           "localcluster",
		Short:         "A real Kubernetes cluster on this machine, for the demo and the tests",
		SilenceUsage:  true,
		SilenceErrors: true,
		// Flags before the name of a command are not its own: kubectl would get them.
		TraverseChildren: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return opts.validate()
		},
	}
	flags := root.PersistentFlags()
	flags.IntVar(&opts.id, "id", envInt("ANALYTICS_CLUSTER_ID"), "number of the cluster; clusters of different numbers run side by side (ANALYTICS_CLUSTER_ID)")

	up := &cobra.Command{
		Use:   "up",
		Short: "Start the cluster, or what of it does not run; the last line printed is the path of its kubeconfig",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := opts.choose(cmd.Context())
			if err != nil {
				return err
			}
			if err := c.up(cmd.Context(), opts); err != nil {
				return err
			}
			fmt.Println(c.kubeconfig())
			return nil
		},
	}
	up.Flags().StringVar(&opts.profile, "profile", os.Getenv("ANALYTICS_CLUSTER_PROFILE"), `"node": a node that runs containers; "api": the control plane, and a node that only pretends (ANALYTICS_CLUSTER_PROFILE, default "node")`)
	up.Flags().DurationVar(&opts.timeout, "timeout", 4*time.Minute, "how long starting may take, without building")

	var purge bool
	down := &cobra.Command{
		Use:   "down",
		Short: "Stop the cluster; its data is kept for the next start",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := opts.existing(cmd.Context())
			if err != nil {
				return err
			}
			return c.down(cmd.Context(), purge)
		},
	}
	down.Flags().BoolVar(&purge, "purge", false, "remove the cluster's data too")

	root.AddCommand(up, down, newLoad(&opts),
		&cobra.Command{
			Use:   "status",
			Short: "Say what runs",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := opts.existing(cmd.Context())
				if err != nil {
					return err
				}
				return c.status(cmd.Context(), os.Stdout)
			},
		},
		&cobra.Command{
			Use:   "kubeconfig",
			Short: "Print the path of the cluster's kubeconfig",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := opts.existing(cmd.Context())
				if err != nil {
					return err
				}
				fmt.Println(c.kubeconfig())
				return nil
			},
		},
		&cobra.Command{
			Use:   "logs [COMPONENT]",
			Short: "Print the log of a component, or the last lines of all",
			Args:  cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				c, err := opts.existing(cmd.Context())
				if err != nil {
					return err
				}
				return c.logs(cmd.Context(), strings.Join(args, ""), os.Stdout)
			},
		},
		&cobra.Command{
			Use:                "kubectl ARGUMENTS...",
			Short:              "Run kubectl on the cluster",
			DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error {
				c, err := opts.existing(cmd.Context())
				if err != nil {
					return err
				}
				return kubectl(cmd.Context(), c, args)
			},
		},
		&cobra.Command{
			Use:   "build [COMPONENT...]",
			Short: "Build all components, or some, without starting anything",
			RunE: func(cmd *cobra.Command, args []string) error {
				if len(args) == 0 {
					args = componentNames()
				}
				_, err := buildAll(cmd.Context(), args)
				return err
			},
		},
		&cobra.Command{
			Use:   "image NAME",
			Short: "Assemble an image of the catalogue and print the path of its archive",
			Args:  cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				entry, err := findImage(args[0])
				if err != nil {
					return err
				}
				tar, err := entry.assemble(cmd.Context())
				if err == nil {
					fmt.Println(tar)
				}
				return err
			},
		},
		&cobra.Command{
			Use:   "index",
			Short: "Where pods reach no package index outside, give the node the image of one, and print its name; else print nothing",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := opts.existing(cmd.Context())
				if err != nil || !isEmbedded(c) {
					return err
				}
				archive, err := imageArchive(cmd.Context(), packageIndex, false)
				if err != nil {
					return err
				}
				if err := c.load(cmd.Context(), archive, nil); err != nil {
					return err
				}
				fmt.Println(packageIndex)
				return nil
			},
		},
		&cobra.Command{
			Use:   "opentofu",
			Short: "Build the OpenTofu CLI and print its path",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				built, err := buildAll(cmd.Context(), []string{"opentofu"})
				if err == nil {
					fmt.Println(built.program("opentofu", "tofu"))
				}
				return err
			},
		},
		&cobra.Command{
			Use:   "browser",
			Short: "Unpack a Chromium that needs no screen, and print its path",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				program, err := browser(cmd.Context())
				if err == nil {
					fmt.Println(program)
				}
				return err
			},
		},
	)
	return root
}

// newLoad is the command load.
func newLoad(opts *options) *cobra.Command {
	var further []string
	var digests string
	var retry bool
	load := &cobra.Command{
		Use:   "load IMAGE.tar|IMAGE...",
		Short: "Give images to the node: archives, or names that are pulled, else assembled",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := opts.existing(cmd.Context())
			if err != nil {
				return err
			}
			args, err = withDigests(args, digests)
			if err != nil {
				return err
			}
			// One is downloaded, or read and written, while another one is computed.
			group, ctx := errgroup.WithContext(cmd.Context())
			group.SetLimit(2)
			for _, arg := range args {
				group.Go(func() error { return loadImage(ctx, c, arg, further, retry) })
			}
			return group.Wait()
		},
	}
	load.Flags().StringArrayVar(&further, "name", nil, "a further name for the image, also with a digest (repeatable)")
	load.Flags().StringVar(&digests, "digests", "", "a JSON file with the digests of images: those that it knows get their names with them too, also where they are assembled")
	load.Flags().BoolVar(&retry, "retry-pull", false, "try registries that did not answer within the last hour again")
	return load
}

// withDigests adds to images the digests that a file has for them, if any.
func withDigests(images []string, file string) ([]string, error) {
	if file == "" {
		return images, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var digests map[string]string
	if err := json.Unmarshal(text, &digests); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	out := slices.Clone(images)
	for i, image := range out {
		if digest := digests[image]; digest != "" {
			out[i] = image + "@" + digest
		}
	}
	return out, nil
}

// loadImage gives a cluster an image: an archive, or one of that name, which gets
// further names too.
func loadImage(ctx context.Context, c cluster, image string, further []string, retry bool) error {
	archive, err := imageArchive(ctx, image, retry)
	if err != nil {
		return err
	}
	names, err := namesBeside(image, further)
	if err != nil {
		return err
	}
	return c.load(ctx, archive, names)
}

// namesBeside are the names that an image gets beside those in its archive: the
// further ones, and of a name with a digest all.
func namesBeside(image string, further []string) ([]string, error) {
	if strings.Contains(image, "@") && !strings.HasSuffix(image, ".tar") {
		further = append([]string{image}, further...)
	}
	var all []string
	for _, f := range further {
		names, err := runtimeNames(f)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	return all, nil
}

// kubectlFor is the kubectl of an embedded cluster, of which it is a part. For
// others the user's own serves, and else that one takes a while to be built.
func kubectlFor(ctx context.Context, c cluster) (string, error) {
	if !isEmbedded(c) {
		if program, err := exec.LookPath("kubectl"); err == nil {
			return program, nil
		}
	}
	built, err := buildAll(ctx, []string{"kubernetes"})
	return built.program("kubernetes", "kubectl"), err
}

// kubectl becomes kubectl, on the cluster's kubeconfig.
func kubectl(ctx context.Context, c cluster, args []string) error {
	program, err := kubectlFor(ctx, c)
	if err != nil {
		return err
	}
	if err := os.Setenv("KUBECONFIG", c.kubeconfig()); err != nil {
		return err
	}
	return syscall.Exec(program, append([]string{filepath.Base(program)}, args...), os.Environ())
}

// envInt is the number in an environment variable, or -1 where it holds
// something else, which validate refuses.
func envInt(name string) int {
	text := os.Getenv(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
