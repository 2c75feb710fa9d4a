// Instruments in the page: a microphone with one tone, a camera with one colour, and a look at what arrives from the other side or sides.

/** Runs in the page before its own scripts, so it names nothing outside itself. */
export function instruments({ hz, colour, size = [320, 240], restless = false }) {
  if (!navigator.mediaDevices) return;
  let clock;
  const audio = async () => {
    clock ??= new AudioContext();
    await clock.resume();
    return clock;
  };

  const microphone = async (pitch = hz) => {
    const context = await audio();
    const tone = context.createOscillator();
    const out = context.createMediaStreamDestination();
    tone.frequency.value = pitch;
    tone.connect(out);
    tone.start();
    return out.stream.getAudioTracks()[0];
  };

  const camera = () => {
    const canvas = document.createElement("canvas");
    const [width, height] = size;
    canvas.width = width;
    canvas.height = height;
    const paint = canvas.getContext("2d");
    let frame = 0;
    setInterval(() => {
      paint.fillStyle = `rgb(${colour})`;
      paint.fillRect(0, 0, width, height);
      // Leaves of a tree in the wind: a picture of one colour takes next to nothing of a link.
      for (let leaf = 0; restless && leaf < 1200; leaf++) {
        paint.fillStyle = `rgb(${colour.map((channel) => channel + Math.random() * 60 - 30)})`;
        paint.fillRect(Math.random() * width, Math.random() * height, width / 40, height / 30);
      }
      paint.fillStyle = "#000";
      paint.fillRect((frame++ * 8) % width, 0, width / 20, height);
    }, 100);
    return canvas.captureStream(10).getVideoTracks()[0];
  };

  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = new MediaStream();
    if (wanted?.audio) stream.addTrack(await microphone());
    if (wanted?.video) stream.addTrack(camera());
    return stream;
  };

  navigator.mediaDevices.getDisplayMedia = async (wanted) => {
    const screen = document.createElement("canvas");
    [screen.width, screen.height] = [1280, 720];
    const paint = screen.getContext("2d");
    let frame = 0;
    setInterval(() => {
      paint.fillStyle = "rgb(180, 170, 20)";
      paint.fillRect(0, 0, 1280, 720);
      paint.fillStyle = "#000";
      paint.fillRect((frame++ * 8) % 1280, 0, 64, 720);
    }, 100);
    const stream = new MediaStream(screen.captureStream(10).getVideoTracks());
    if (wanted?.audio) stream.addTrack(await microphone(hz * 2));
    return stream;
  };

  const peer = () => window.zvonilkaCall?.peer ?? null;
  const track = (kind) => peer()?.getReceivers().map((receiver) => receiver.track).find((found) => found?.kind === kind && found.readyState === "live");
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const ear = async (heard = track("audio")) => {
    const context = await audio();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    const source = context.createMediaStreamSource(new MediaStream([heard]));
    source.connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    const look = () => {
      analyser.getFloatTimeDomainData(wave);
      analyser.getFloatFrequencyData(spectrum);
      let loudest = 2;
      for (let bin = 2; bin < spectrum.length; bin++) if (spectrum[bin] > spectrum[loudest]) loudest = bin;
      const energy = wave.reduce((sum, sample) => sum + sample * sample, 0) / wave.length;
      return { hz: (loudest * context.sampleRate) / analyser.fftSize, rms: Math.sqrt(energy) };
    };
    return { look, close: () => source.disconnect() };
  };

  /** The tracks of a group call that come from one person. */
  const from = (username, source) => {
    const found = window.zvonilkaCall?.group?.tracks().find((each) => each.username === username && each.source === source);
    return found?.track.readyState === "live" ? found.track : null;
  };
  /** What `getStats` says of a track that is received. */
  const received = async (wanted) => {
    const report = await window.zvonilkaCall.group.connection().getStats();
    return [...report.values()].find((stat) => stat.type === "inbound-rtp" && stat.trackIdentifier === wanted.id) ?? null;
  };

  let known = null;

  window.zvonilkaTest = {
    /** Milliseconds from `from` (of `performance.now()`) until sound is heard. */
    async firstSound(from) {
      while (!track("audio")) await pause(5);
      const { look, close } = await ear();
      while (look().rms < 0.01) await pause(5);
      close();
      return performance.now() - from;
    },

    /** When, in milliseconds of the clock that all browsers of a machine share, this button was clicked. */
    clickedAt(id) {
      return new Promise((done) => {
        const note = ({ target }) => target.closest(`[data-testid="${id}"]`) && done(Date.now());
        document.addEventListener("click", note, { capture: true });
      });
    },

    /** When, by the same clock, sound was heard first: in a group call that of one person, else that of the other side. */
    async heardAt(username) {
      const find = () => (username ? from(username, "microphone") : track("audio"));
      while (!find()) await pause(5);
      const { look, close } = await ear(find());
      while (look().rms < 0.01) await pause(5);
      close();
      return Date.now();
    },

    /** The loudest frequency and the loudness, the middle of ten looks. */
    async hear(heard) {
      const { look, close } = await ear(heard);
      const looks = [];
      while (looks.length < 10) {
        await pause(150);
        looks.push(look());
      }
      close();
      const middle = (of) => looks.map(of).sort((a, b) => a - b)[5];
      return { hz: middle(({ hz }) => hz), rms: middle(({ rms }) => rms) };
    },

    /** The mean colour of the other side's picture, and how many different frames were seen. */
    async see(seen = track("video")) {
      const video = document.createElement("video");
      video.muted = true;
      video.srcObject = new MediaStream([seen]);
      // Without a picture `play` waits for ever; the looks below then see nothing.
      video.play().catch(() => {});
      const canvas = document.createElement("canvas");
      canvas.width = 80;
      canvas.height = 60;
      const paint = canvas.getContext("2d", { willReadFrequently: true });
      const frames = new Set();
      const mean = [0, 0, 0];
      for (let look = 0; look < 8; look++) {
        await pause(150);
        paint.drawImage(video, 0, 0, 80, 60);
        const { data } = paint.getImageData(0, 0, 80, 60);
        let sum = 0;
        for (let at = 0; at < data.length; at += 4) {
          sum = (sum * 31 + data[at] + data[at + 1]) | 0;
          for (const channel of [0, 1, 2]) mean[channel] += data[at + channel] / (4800 * 8);
        }
        frames.add(sum);
      }
      video.srcObject = null;
      return { frames: frames.size, colour: mean.map(Math.round) };
    },

    /** In a group call: the tone of somebody's microphone, or `null` if there is no track of it. */
    async hearOf(username) {
      const heard = from(username, "microphone");
      return heard && this.hear(heard);
    },

    /** In a group call: what is heard over this connection, as its buffers empty, is no news for `isHeardAnew`. */
    noteConnection() {
      known = window.zvonilkaCall.group.connection();
    },

    /** In a group call: whether somebody's microphone is heard just now, over another connection than the one that was noted. */
    async isHeardAnew(username) {
      const heard = from(username, "microphone");
      if (!heard || window.zvonilkaCall.group.connection() === known) return false;
      const { look, close } = await ear(heard);
      await pause(200);
      const { rms } = look();
      close();
      return rms > 0.01;
    },

    /** In a group call: the colour of somebody's picture, or `null` if there is no track of it. */
    async seeOf(username, source = "camera") {
      const seen = from(username, source);
      return seen && this.see(seen);
    },

    /** In a group call: how wide somebody's picture arrives, and how many frames of it were decoded. */
    async pictureOf(username, source = "camera") {
      const stat = await received(from(username, source));
      return stat && { width: stat.frameWidth ?? 0, frames: stat.framesDecoded ?? 0, bytes: stat.bytesReceived ?? 0 };
    },

    /** In a group call: how ready the page's own element is that shows somebody's picture (2 and more: a frame is there); `null` without one. */
    readinessOf(username, source = "camera") {
      const tile = source === "camera" ? "group-tile" : "group-screen-tile";
      return document.querySelector(`[data-testid="${tile}"][data-user="${username}"] video`)?.readyState ?? null;
    },

    /** In a group call: how many of the page's own elements play a voice aloud. */
    voices() {
      const all = [...document.querySelectorAll('[data-testid="group-audio"]')];
      return all.filter(({ paused, muted, volume, readyState }) => !paused && !muted && volume > 0 && readyState >= 2).length;
    },

    /** How often, within `ms`, one of the page's own elements was given another source in the place of what it played. */
    async cuts(ms) {
      let cuts = 0;
      const count = () => cuts++;
      document.addEventListener("emptied", count, true);
      await pause(ms);
      document.removeEventListener("emptied", count, true);
      return cuts;
    },

    /** In a group call: listens to somebody's tone for `ms`; the share of that time in which it was not there, in looks of 10 ms. */
    async gapsOf(username, ms) {
      const context = await audio();
      const source = context.createMediaStreamSource(new MediaStream([from(username, "microphone")]));
      const look = Math.round(context.sampleRate / 100);
      const taker = context.createScriptProcessor(4096, 1, 1);
      let rest = [];
      const loud = [];
      taker.onaudioprocess = ({ inputBuffer }) => {
        rest.push(...inputBuffer.getChannelData(0));
        while (rest.length >= look) loud.push(Math.hypot(...rest.splice(0, look)) / Math.sqrt(look));
      };
      source.connect(taker);
      taker.connect(context.destination);
      await pause(ms);
      taker.disconnect();
      source.disconnect();
      const usual = [...loud].sort((a, b) => a - b)[Math.floor(loud.length * 0.8)];
      return { looks: loud.length, usual, gaps: loud.filter((each) => each < usual / 4).length / loud.length };
    },

    /** In a group call: the pair in use. */
    async groupPath() {
      const report = await window.zvonilkaCall.group.connection().getStats();
      const transport = [...report.values()].find(({ type }) => type === "transport");
      const pair = report.get(transport.selectedCandidatePairId);
      return { local: report.get(pair.localCandidateId), remote: report.get(pair.remoteCandidateId) };
    },

    /** The selected pair and what was received, of `getStats`. */
    async stats() {
      const report = await peer().getStats();
      const all = [...report.values()];
      const transport = all.find(({ type }) => type === "transport");
      const pair = report.get(transport.selectedCandidatePairId);
      const candidate = (id) => {
        const { candidateType, protocol, relayProtocol, address, port, url } = report.get(id);
        return { candidateType, protocol, relayProtocol, address, port, url };
      };
      const inbound = (kind) => all.find((stat) => stat.type === "inbound-rtp" && stat.kind === kind) ?? null;
      return { local: candidate(pair.localCandidateId), remote: candidate(pair.remoteCandidateId), audio: inbound("audio"), video: inbound("video") };
    },
  };
}
