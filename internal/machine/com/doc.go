// Package com calls COM objects through their vtables, on a Windows that runs. What can be told without one is there on every
// system: [Error] and [FromDate].
//
// Not through IDispatch: Wine's Task Scheduler and some of Windows' own objects carry out a method of the vtable and refuse
// the same method by name.
//
// Objects live in the multithreaded apartment, on the thread that [Run] or [Do] has entered it with: they are made, used and
// released in there.
//
// Arguments are uintptr, as of a system call. Floating-point arguments are not possible: arm64 takes them in other registers
// than integers. Where a method puts its answer is for [Get] and its kin to hold still; the address of a variable of one's
// own is converted in the list of the arguments itself, as for syscall.SyscallN, and nowhere else.
package com
