module surefoot.dev/bench/go-webhook

go 1.24
