// Package com calls COM objects through their vtables. Objects are used on the thread that made them: see [Run].
//
// Not through IDispatch: Wine's Task Scheduler and some of Windows' own objects carry out a method of the vtable and refuse
// the same method by name.
package com
