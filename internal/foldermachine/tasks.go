package foldermachine

// Task is a scheduled task.
type Task struct {
	Enabled bool   `json:"enabled"`
	Command string `json:"command"`
}

func taskFile(name string) string { return tasksDir + "/" + name + ".json" }

// Task reads a task; fs.ErrNotExist when there is none of that name.
func (m Machine) Task(name string) (Task, error) {
	if err := checkName(name); err != nil {
		return Task{}, err
	}
	return readJSON[Task](m, taskFile(name))
}

// Tasks reads all tasks, by name.
func (m Machine) Tasks() (map[string]Task, error) { return readAll(m, tasksDir, m.Task) }

// SetTask makes a task what is said, or makes it.
func (m Machine) SetTask(name string, t Task) error {
	if err := checkName(name); err != nil {
		return err
	}
	return m.locked(func() error { return m.writeJSON(taskFile(name), t) })
}

// switchTask enables or disables a task, and says whether that changed anything.
func (m Machine) switchTask(name string, enabled bool) (changed bool, err error) {
	err = m.locked(func() error {
		t, err := m.Task(name)
		if err != nil || t.Enabled == enabled {
			return err
		}
		changed, t.Enabled = true, enabled
		return m.writeJSON(taskFile(name), t)
	})
	return changed, err
}
