module surefoot.dev/bench/go-extender

go 1.26
