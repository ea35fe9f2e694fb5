// The search of the site runs in a Web Worker, and a browser starts none for a page that it opened from the disk. This file
// takes the worker's place there: the worker's script runs in a hidden frame instead, on the page's own thread.
// The theme's script looks for the name IFrameWorker. Over HTTP nothing is changed.
"use strict";

if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      // What is sent before the script has run is kept for it.
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.appendChild(this.frame);
      const inner = this.frame.contentWindow;
      inner.document.open();
      inner.document.write("<!doctype html><html><head></head><body></body></html>");
      inner.document.close();
      // The worker's own functions, as its script knows them.
      inner.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inner.importScripts = (...urls) =>
        urls.reduce((before, next) => before.then(() => this.load(next)), Promise.resolve());
      this.load(String(url)).then(
        () => {
          this.isReady = true;
          this.waiting.splice(0).forEach((data) => this.deliver(data));
        },
        () => this.dispatchEvent(new ErrorEvent("error", { message: `cannot load ${url}` }))
      );
    }

    /** Runs a script in the frame. */
    load(url) {
      return new Promise((done, failed) => {
        const script = this.frame.contentDocument.createElement("script");
        script.src = url;
        script.onload = done;
        script.onerror = failed;
        this.frame.contentDocument.body.appendChild(script);
      });
    }

    deliver(data) {
      const inner = this.frame.contentWindow;
      inner.dispatchEvent(new inner.MessageEvent("message", { data }));
    }

    postMessage(data) {
      if (this.isReady) this.deliver(data);
      else this.waiting.push(data);
    }

    terminate() {
      this.frame.remove();
    }
  }

  window.IFrameWorker = IFrameWorker;
  window.Worker = IFrameWorker;
}
