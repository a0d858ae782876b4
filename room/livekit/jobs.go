package livekit

import (
	"context"
	"errors"
	"time"

	lk "github.com/livekit/protocol/livekit"
)

var errTerminated = errors.New("the server ended the job")

// consider accepts a job or refuses it.
func (w *Worker) consider(job *lk.Job) {
	if job.GetId() == "" {
		return
	}
	w.mu.Lock()
	now := time.Now()
	available := !w.draining && w.taken(now) < w.cfg.MaxCalls
	if available {
		w.promised[job.Id] = now
	} else {
		w.refused++
	}
	w.mu.Unlock()
	if !available {
		w.log.Info("refusing a LiveKit job", "job", job.Id, "calls", w.cfg.Count(), "limit", w.cfg.MaxCalls)
	}
	w.tell(&lk.WorkerMessage{Message: &lk.WorkerMessage_Availability{Availability: &lk.AvailabilityResponse{
		JobId: job.Id, Available: available,
		ParticipantIdentity: identity(job), ParticipantName: w.cfg.AgentName,
		ParticipantAttributes: arriving(now),
	}}})
	w.report(false)
}

// identity is the agent's in the room of a job.
func identity(job *lk.Job) string { return "agent-" + job.GetId() }

// taken is how many calls there are and soon will be; the lock is held.
func (w *Worker) taken(now time.Time) int {
	for id, since := range w.promised {
		if now.Sub(since) > promiseTime {
			delete(w.promised, id)
		}
	}
	return w.cfg.Count() + len(w.promised)
}

// begin works on a job that was assigned.
func (w *Worker) begin(ctx context.Context, a *lk.JobAssignment) {
	job := a.GetJob()
	w.mu.Lock()
	draining := w.draining
	w.mu.Unlock()
	if draining { // it was accepted just before
		w.tell(&lk.WorkerMessage{Message: &lk.WorkerMessage_UpdateJob{UpdateJob: &lk.UpdateJobStatus{
			JobId: job.GetId(), Status: lk.JobStatus_JS_FAILED, Error: "the worker is stopping",
		}}})
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if job.GetId() == "" || w.draining || w.running[job.Id] != nil {
		return
	}
	w.undertake(ctx, job.Id, func(ctx context.Context, e *errand) {
		err := w.work(ctx, e, a)
		update := &lk.UpdateJobStatus{JobId: job.Id, Status: lk.JobStatus_JS_SUCCESS}
		if err != nil {
			update.Status, update.Error = lk.JobStatus_JS_FAILED, err.Error()
			w.log.Warn("a LiveKit job failed", "job", job.Id, "room", job.GetRoom().GetName(), "error", err)
		}
		w.tell(&lk.WorkerMessage{Message: &lk.WorkerMessage_UpdateJob{UpdateJob: update}})
	})
}

// undertake does something on a goroutine that Run waits for and that counts as a job of
// this id; the lock is held.
func (w *Worker) undertake(ctx context.Context, id string, do func(ctx context.Context, e *errand)) {
	ctx, end := context.WithCancelCause(ctx)
	e := &errand{end: end}
	w.running[id] = e
	w.calls.Go(func() {
		defer end(nil)
		do(ctx, e)
		w.mu.Lock()
		delete(w.running, id)
		delete(w.promised, id)
		w.mu.Unlock()
		w.report(false)
	})
}

// settled says that the conversation that was promised under an id counts by itself from
// now on.
func (w *Worker) settled(id string) {
	w.mu.Lock()
	delete(w.promised, id)
	w.mu.Unlock()
	w.report(false)
}
