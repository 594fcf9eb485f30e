package main

import (
	"context"
	"sync"

	"tollgate/api"
)

// vitals is what health tells of the parts that the API does not know.
type vitals struct {
	mu    sync.Mutex
	parts []func() api.Part
}

// watch adds a part.
func (v *vitals) watch(part func() api.Part) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.parts = append(v.parts, part)
}

// look asks every part.
func (v *vitals) look() []api.Part {
	v.mu.Lock()
	defer v.mu.Unlock()
	parts := make([]api.Part, len(v.parts))
	for i, part := range v.parts {
		parts[i] = part()
	}
	return parts
}

// living adds what runs to the parts: it is running until it returns.
func (v *vitals) living(name, detail string, run func(context.Context) error) func(context.Context) error {
	var mu sync.Mutex
	part := api.Part{Name: name, State: "failed", Detail: "has not started"}
	set := func(state, detail string) {
		mu.Lock()
		defer mu.Unlock()
		part.State, part.Detail = state, detail
	}
	v.watch(func() api.Part {
		mu.Lock()
		defer mu.Unlock()
		return part
	})
	return func(ctx context.Context) error {
		set("running", detail)
		err := run(ctx)
		if err != nil {
			set("failed", err.Error())
		} else {
			set("failed", "has ended")
		}
		return err
	}
}
