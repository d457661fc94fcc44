package accesslog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Positions remembers how far the files were read, over restarts. The zero Positions remembers nothing.
type Positions struct {
	file string
	mu   sync.Mutex
	all  map[string]position
}

// position is a place in a file, which is known by its inode: its name may belong to another by then.
type position struct {
	inode
	Offset int64 `json:"offset"`
}

// maxPositions bounds what is read: files come and go.
const maxPositions = 100_000

// LoadPositions reads the file at path; it need not exist. "": nothing is remembered.
func LoadPositions(path string) (*Positions, error) {
	p := &Positions{file: path, all: map[string]position{}}
	if path == "" {
		return p, nil
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(content, &p.all); err != nil || len(p.all) > maxPositions {
		return nil, fmt.Errorf("%s: not a file of positions (%v); delete it, and the logs are followed from their ends", path, err)
	}
	return p, nil
}

// of is the position of path; false: none is known.
func (p *Positions) of(path string) (position, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.all[path]
	return at, ok
}

func (p *Positions) set(path string, at position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[path] = at
}

func (p *Positions) forget(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, path)
}

// Save writes the file: all of it or nothing.
func (p *Positions) Save() error {
	if p.file == "" {
		return nil
	}
	p.mu.Lock()
	content, err := json.Marshal(p.all)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(p.file), ".positions")
	if err != nil {
		return err
	}
	_, err = temporary.Write(append(content, '\n'))
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), p.file)
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}
