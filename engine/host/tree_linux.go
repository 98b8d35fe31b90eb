package host

import "syscall"

// endWithParent asks the kernel to end the process when the host dies, for plugins that do not watch their stdin. It is
// SIGTERM, which one that does can take as the same message.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
