package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// poll is how often a download or an installation is asked how far it is.
const poll = time.Second

// work is one installation. Its context counts until the agent is told to install.
type work struct {
	ctx      context.Context
	id       string
	progress func(Progress)

	mu         sync.Mutex
	abandoned  bool // nobody waits any more: nothing may be begun
	installing bool
}

func (live) Install(ctx context.Context, id string, progress func(Progress)) (Installation, error) {
	id, err := ParseID(id)
	if err != nil {
		return Installation{}, err
	}
	type answer struct {
		value Installation
		err   error
	}
	told := make(chan Progress)
	done := make(chan answer, 1)
	over := make(chan struct{})
	defer close(over)
	w := &work{ctx: ctx, id: id, progress: func(p Progress) {
		select {
		case told <- p:
		case <-over: // nobody listens
		}
	}}
	go func() {
		var a answer
		a.err = com.Run(func() (err error) {
			a.value, err = withSession(w.install)
			return err
		})
		done <- a
	}()
	ended := ctx.Done()
	for {
		select {
		case p := <-told:
			progress(p)
		case a := <-done:
			return a.value, known(a.err)
		case <-ended:
			if !w.abandon() {
				ended = nil // it installs, and is waited for
				continue
			}
			return Installation{}, fmt.Errorf("the Windows Update agent was not told to install: %w", ctx.Err())
		}
	}
}

// abandon makes sure that nothing is begun any more. It gives false when the agent installs already.
func (w *work) abandon() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abandoned = !w.installing
	return w.abandoned
}

// begin says that the agent is told to install now, unless that was abandoned.
func (w *work) begin() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.abandoned {
		return errors.New("the installation was abandoned")
	}
	w.installing = true
	return nil
}

func (w *work) install(s com.Object) (Installation, error) {
	criteria, err := Exactly(w.id)
	if err != nil {
		return Installation{}, err
	}
	for _, online := range []bool{false, true} {
		note := "searching among what the last scan found"
		if online {
			note = "searching online"
		}
		w.progress(Progress{Phase: PhaseSearch, Note: note})
		offered := false
		out, err := search(s, Query{criteria, online}, func(updates com.Object, f Found) (Installation, error) {
			at := newest(f.Updates, w.id)
			if at < 0 {
				return Installation{}, ErrNotOffered
			}
			offered = true
			item, err := updates.Out(listItem, "IUpdateCollection.get_Item", uintptr(at))
			return made(item, err, func(item com.Object) (Installation, error) { return w.installOne(s, item, f.Updates[at]) })
		})
		if offered || online || w.ctx.Err() != nil {
			return out, err
		} // a store of scans that cannot be searched is no reason not to ask online
	}
	return Installation{}, ErrNotOffered
}

// installOne installs one IUpdate, which has been found to be u.
func (w *work) installOne(s, item com.Object, u Update) (Installation, error) {
	out := Installation{Update: u, Phase: PhaseSearch, Result: Succeeded, RebootRequired: u.RebootRequired}
	if u.Installed || u.RebootRequired {
		out.Already = true
		return out, nil
	}
	if err := w.ctx.Err(); err != nil { // the search took long
		return out, err
	}
	one, err := com.Create("UpdateCollection", classUpdates, interfaceUpdates)
	return made(one, err, func(one com.Object) (Installation, error) {
		if _, err := one.Int(listAdd, "IUpdateCollection.Add", object(item)); err != nil {
			return out, err
		}
		if !u.EulaAccepted {
			if err := item.Call(updateAcceptEula, "IUpdate.AcceptEula"); err != nil {
				return out, err
			}
			out.EulaAccepted = true
			w.progress(Progress{Phase: PhaseDownload, Note: "the licence terms of the update are accepted"})
		}
		if !u.Downloaded {
			out.Phase = PhaseDownload
			if out.Result, out.Code, err = w.download(s, one); err != nil || !out.Result.OK() {
				return out, err
			}
		}
		ready, err := item.Bool(updateIsDownloaded, "IUpdate.get_IsDownloaded")
		if err != nil {
			return out, err
		}
		if !ready {
			return out, fmt.Errorf("the agent says that the download %s (%s), and the update reads back as not downloaded", out.Result, out.Code)
		}
		installer, err := s.Out(sessionCreateInstaller, "IUpdateSession.CreateUpdateInstaller")
		return made(installer, err, func(installer com.Object) (Installation, error) {
			if err := w.prepare(installer, one); err != nil {
				return out, err
			}
			out.Phase = PhaseInstall
			return out, w.run(installer, &out)
		})
	})
}

// download downloads the updates of a collection.
func (w *work) download(s, updates com.Object) (Result, hresult.Code, error) {
	downloader, err := s.Out(sessionCreateDownloader, "IUpdateSession.CreateUpdateDownloader")
	if err != nil {
		return NotStarted, 0, err
	}
	defer downloader.Release()
	if err := downloader.Call(downloaderPutUpdates, "IUpdateDownloader.put_Updates", object(updates)); err != nil {
		return NotStarted, 0, err
	}
	var state com.Variant
	defer state.Clear()
	job, err := downloader.Out(downloaderBegin, "IUpdateDownloader.BeginDownload", callbackArg(), callbackArg(), state.Arg())
	if err != nil {
		return NotStarted, 0, err
	}
	defer job.Release()
	err = w.follow(w.ctx, job, PhaseDownload, "IDownloadJob", downloadPercentComplete)
	result, ending := downloader.Out(downloaderEnd, "IUpdateDownloader.EndDownload", object(job))
	_ = job.Call(jobCleanUp, "IDownloadJob.CleanUp") // the job is over, and the callbacks are never freed
	if err != nil || ending != nil {
		result.Release()
		return Aborted, 0, errors.Join(err, ending)
	}
	defer result.Release()
	how, err := result.Int(downloadedResultCode, "IDownloadResult.get_ResultCode")
	if err != nil {
		return Aborted, 0, err
	}
	c, err := code(result, downloadedHResult, "IDownloadResult.get_HResult")
	if err != nil {
		return Aborted, 0, err
	}
	of, err := result.Out(downloadedOfUpdate, "IDownloadResult.GetUpdateResult", 0)
	if err == nil { // what became of the update tells more than what became of the job
		defer of.Release()
		if own, err := code(of, downloadedHResult, "IUpdateDownloadResult.get_HResult"); err == nil && own != 0 {
			c = own
		}
	}
	return Result(how), c, nil
}

// prepare tells an installer what it shall install, quietly, and asks whether it can.
func (w *work) prepare(installer, updates com.Object) error {
	busy, err := installer.Bool(installerIsBusy, "IUpdateInstaller.get_IsBusy")
	if err != nil {
		return err
	}
	if busy {
		return ErrBusy
	}
	first, err := installer.Bool(installerRestartFirst, "IUpdateInstaller.get_RebootRequiredBeforeInstallation")
	if err != nil {
		return err
	}
	if first {
		return ErrRestartFirst
	}
	if err := installer.Call(installerPutUpdates, "IUpdateInstaller.put_Updates", object(updates)); err != nil {
		return err
	}
	if err := installer.Call(installerPutPrompts, "IUpdateInstaller.put_AllowSourcePrompts", com.BoolArg(false)); err != nil {
		return err
	}
	two, err := installer.Query("IUpdateInstaller2", interfaceInstaller2)
	if err != nil {
		return err
	}
	defer two.Release()
	return two.Call(installerPutForceQuiet, "IUpdateInstaller2.put_ForceQuiet", com.BoolArg(true))
}

// run installs, and waits for the end whatever becomes of the context.
func (w *work) run(installer com.Object, out *Installation) error {
	if err := w.begin(); err != nil {
		return err
	}
	out.Result = NotStarted
	var state com.Variant
	defer state.Clear()
	job, err := installer.Out(installerBegin, "IUpdateInstaller.BeginInstall", callbackArg(), callbackArg(), state.Arg())
	if err != nil {
		return err
	}
	defer job.Release()
	if err := w.follow(context.WithoutCancel(w.ctx), job, PhaseInstall, "IInstallationJob", installPercentComplete); err != nil {
		return err
	}
	result, err := installer.Out(installerEnd, "IUpdateInstaller.EndInstall", object(job))
	_ = job.Call(jobCleanUp, "IInstallationJob.CleanUp") // the job is over, and the callbacks are never freed
	if err != nil {
		return err
	}
	defer result.Release()
	how, err := result.Int(installedResultCode, "IInstallationResult.get_ResultCode")
	if err != nil {
		return err
	}
	out.Result = Result(how)
	if out.Code, err = code(result, installedHResult, "IInstallationResult.get_HResult"); err != nil {
		return err
	}
	if out.RebootRequired, err = result.Bool(installedReboot, "IInstallationResult.get_RebootRequired"); err != nil {
		return err
	}
	of, err := result.Out(installedOfUpdate, "IInstallationResult.GetUpdateResult", 0)
	if err == nil { // what became of the update tells more than what became of the job
		defer of.Release()
		if own, err := code(of, installedHResult, "IUpdateInstallationResult.get_HResult"); err == nil && own != 0 {
			out.Code = own
		}
	}
	return nil
}

// follow waits until a job is completed, and asks it to give up when the context ends.
func (w *work) follow(ctx context.Context, job com.Object, phase Phase, name string, percentSlot int) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	ended, last := ctx.Done(), -1
	for {
		completed, err := job.Bool(jobIsCompleted, name+".get_IsCompleted")
		if err != nil {
			return err
		}
		if completed {
			return nil
		}
		// How far it is is for people to see: a job that will not tell is no less at work.
		if p, err := job.Out(jobGetProgress, name+".GetProgress"); err == nil {
			if percent, err := p.Int(percentSlot, "get_PercentComplete"); err == nil && int(percent) != last {
				last = int(percent)
				w.progress(Progress{Phase: phase, Percent: last})
			}
			p.Release()
		}
		select {
		case <-ended:
			ended = nil
			if err := job.Call(jobAbort, name+".RequestAbort"); err != nil {
				return err
			}
		case <-tick.C:
		}
	}
}
