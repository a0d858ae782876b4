package models_test

import (
	"testing"

	"parley/models"
	"parley/models/modeltest"
)

// TestModelsOfThisMachine compares the files that other tests use with the
// manifest's sums, so that a test elsewhere does not fail over a bad file.
func TestModelsOfThisMachine(t *testing.T) {
	m, err := models.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range m.Models {
		t.Run(model.Name, func(t *testing.T) {
			modeltest.Path(t, model.Name)
			only := models.Manifest{Packages: m.Packages, Models: []models.Model{model}}
			list, err := only.Verify(t.Context(), models.Dir())
			if err != nil {
				t.Fatal(err)
			}
			if list[0].State == models.Damaged {
				t.Errorf("%s: %s", list[0].Path, list[0].Problem)
			}
		})
	}
}
