package journal

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/engine/diag"
)

// mostNamed bounds how many runs an error names.
const mostNamed = 5

// Find gives one run, by its id or the beginning of it, or as "last", the newest. The errors name the runs that are
// near.
func (s *Store) Find(id string) (Summary, error) {
	whole, err := s.resolve(id)
	if err != nil {
		return Summary{}, err
	}
	accounts, err := s.accounts(whole)
	if len(accounts) == 0 {
		return Summary{}, err
	}
	return accounts[0].Summary, err
}

// resolve gives the whole id of the run that is meant.
func (s *Store) resolve(id string) (string, error) {
	ids, err := s.ids()
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", fmt.Errorf("there is no run %q: the journal %s holds none yet", id, s.path())
	}
	if id == "last" {
		return ids[0], nil
	}
	var fits []string
	for _, whole := range ids {
		if whole == id {
			return whole, nil
		}
		if strings.HasPrefix(whole, id) {
			fits = append(fits, whole)
		}
	}
	switch {
	case id == "":
		return "", fmt.Errorf("no run is named; give the id of one, the beginning of it, or \"last\"; the newest: %s", some(ids))
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1:
		return "", fmt.Errorf("%d runs begin with %q: %s; give more of the id", len(fits), id, some(fits))
	}
	if near := diag.Suggest(id, ids); near != "" {
		return "", fmt.Errorf("there is no run %q in %s; did you mean %s?", id, s.path(), near)
	}
	return "", fmt.Errorf("there is no run %q in %s; the newest: %s; `rectify history` lists all", id, s.path(), some(ids))
}

func some(ids []string) string {
	if len(ids) > mostNamed {
		return strings.Join(ids[:mostNamed], ", ") + ", …"
	}
	return strings.Join(ids, ", ")
}

// ids gives the ids of all runs, the newest first.
func (s *Store) ids() ([]string, error) {
	var ids []string
	err := s.view(func(tx *sql.Tx) error {
		ids = nil
		rows, err := tx.Query("SELECT run FROM record GROUP BY run ORDER BY min(sequence) DESC")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	return ids, err
}
