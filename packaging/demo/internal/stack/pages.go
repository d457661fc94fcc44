package stack

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// The package manager that Prometheus' web pages are locked with. npm, which
// comes with Node, fetches it for this one build.
const pnpm = "pnpm@10.34.9"

// A Prometheus that was built from its module looks for its web pages below
// the working directory, and only if that is called "prometheus".
const pagesPath = "web/ui/static"

// PagesDir is the working directory to start a Prometheus in. Pages that are
// built later appear in it without a restart.
func PagesDir(programs string) string { return filepath.Join(programs, "pages", "prometheus") }

// HavePages says whether BuildPages has been here before.
func HavePages(programs string) bool {
	_, err := os.Stat(filepath.Join(PagesDir(programs), pagesPath))
	return err == nil
}

// BuildPages builds Prometheus' own web pages with npm.
func (m Module) BuildPages(ctx context.Context, programs string, progress Progress) error {
	source, err := m.query(ctx, "{{.Dir}}")
	if err != nil {
		return err
	}
	tmp, err := tempBeside(PagesDir(programs))
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := copyTree(filepath.Join(source, "web", "ui"), tmp); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"pnpm", "install", "--frozen-lockfile"},
		{"bash", "build_ui.sh", "--mantine-ui"},
	} {
		cmd := exec.CommandContext(ctx, "npm", append([]string{"exec", "--yes", "--package=" + pnpm, "--"}, args...)...)
		cmd.Dir = tmp
		cmd.Env = append(os.Environ(), "CI=") // with CI set, a warning ends the build
		if err := runLong(cmd, progress); err != nil {
			return err
		}
	}
	place := filepath.Join(PagesDir(programs), pagesPath)
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	return install(filepath.Join(tmp, "static"), place)
}

// ViewerDir is where the page with the dashboards is built: beside its sources,
// as `make viewer` does it.
func ViewerDir(repository string) string {
	return filepath.Join(repository, "dashboards", "viewer", "dist")
}

// HaveViewer says whether BuildViewer has been here before.
func HaveViewer(repository string) bool {
	_, err := os.Stat(filepath.Join(ViewerDir(repository), "index.html"))
	return err == nil
}

// ViewerIsOld says whether what the page is made of has changed since it was built: the dashboards are copied into it.
func ViewerIsOld(repository string) bool {
	built, err := os.Stat(filepath.Join(ViewerDir(repository), "index.html"))
	if err != nil {
		return true
	}
	old := false
	for _, part := range []string{"perses", "viewer/src", "viewer/index.html", "viewer/package-lock.json", "viewer/vite.config.ts"} {
		filepath.WalkDir(filepath.Join(repository, "dashboards", part), func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if info, err := d.Info(); err == nil && !d.IsDir() && info.ModTime().After(built.ModTime()) {
				old = true
			}
			return nil
		})
	}
	return old
}

// BuildViewer builds the page with the dashboards with npm.
func BuildViewer(ctx context.Context, repository string, progress Progress) error {
	for _, args := range [][]string{
		{"ci", "--ignore-scripts", "--no-audit", "--no-fund"},
		{"run", "build"},
	} {
		cmd := exec.CommandContext(ctx, "npm", args...)
		cmd.Dir = filepath.Dir(ViewerDir(repository))
		if err := runLong(cmd, progress); err != nil {
			return err
		}
	}
	return nil
}

// copyTree copies files out of the module cache, where everything is read-only.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, 0o644)
	})
}
