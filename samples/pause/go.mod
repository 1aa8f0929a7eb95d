module igneous.invalid/samples/pause

go 1.26.0
