package accesslog

import (
	"os"
	"syscall"
)

// inode is what a file is known by, whatever it is called.
type inode struct {
	Device uint64 `json:"device"`
	Number uint64 `json:"inode"`
}

func inodeOf(info os.FileInfo) inode {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return inode{uint64(s.Dev), s.Ino}
	}
	return inode{}
}

// deleted says that a file has no name left.
func deleted(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && s.Nlink == 0
}
