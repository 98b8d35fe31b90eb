package target

// Opening a path of a drive never waits on Windows: pipes have a name space of their own.
const (
	openNoWait = 0
	openFolder = 0
)
