// Command dashboards writes the dashboards. In goes nothing but what the files board_*.go say; out come JSON for Grafana (folder
// grafana) and for Perses (folder perses), both from one description. It asks no server, and the files are committed: a test says when
// they are stale.
//
//	go run ./dashboards
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := write("dashboards"); err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

// write writes all files below a folder.
func write(folder string) error {
	files, err := render()
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// render is the content of every file by its name.
func render() (map[string][]byte, error) {
	files := map[string][]byte{}
	var index []entry
	for _, b := range Boards() {
		for name, v := range map[string]any{"grafana/" + b.UID + ".json": b.grafana(), "perses/" + b.UID + ".json": b.perses()} {
			text, err := indent(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			files[name] = text
		}
		index = append(index, entry{b.UID, b.Title, b.Description})
	}
	text, err := indent(index)
	files["perses/index.json"] = text
	return files, err
}

// entry is a dashboard in the viewer's menu.
type entry struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

func indent(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b.Bytes(), err
}
