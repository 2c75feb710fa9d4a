// Instruments in the page: a microphone with one tone, a camera with one colour, and a look at what arrives from the other side.

/** Runs in the page before its own scripts, so it names nothing outside itself. */
export function instruments({ hz, colour }) {
  if (!navigator.mediaDevices) return;
  let clock;
  const audio = async () => {
    clock ??= new AudioContext();
    await clock.resume();
    return clock;
  };

  const microphone = async () => {
    const context = await audio();
    const tone = context.createOscillator();
    const out = context.createMediaStreamDestination();
    tone.frequency.value = hz;
    tone.connect(out);
    tone.start();
    return out.stream.getAudioTracks()[0];
  };

  const camera = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 320;
    canvas.height = 240;
    const paint = canvas.getContext("2d");
    let frame = 0;
    setInterval(() => {
      paint.fillStyle = `rgb(${colour})`;
      paint.fillRect(0, 0, 320, 240);
      paint.fillStyle = "#000";
      paint.fillRect((frame++ * 8) % 320, 0, 16, 240);
    }, 66);
    return canvas.captureStream(15).getVideoTracks()[0];
  };

  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = new MediaStream();
    if (wanted?.audio) stream.addTrack(await microphone());
    if (wanted?.video) stream.addTrack(camera());
    return stream;
  };

  const peer = () => window.zvonilkaCall?.peer ?? null;
  const track = (kind) => peer()?.getReceivers().map((receiver) => receiver.track).find((found) => found?.kind === kind && found.readyState === "live");
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const ear = async () => {
    const context = await audio();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(new MediaStream([track("audio")])).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    return () => {
      analyser.getFloatTimeDomainData(wave);
      analyser.getFloatFrequencyData(spectrum);
      let loudest = 2;
      for (let bin = 2; bin < spectrum.length; bin++) if (spectrum[bin] > spectrum[loudest]) loudest = bin;
      const energy = wave.reduce((sum, sample) => sum + sample * sample, 0) / wave.length;
      return { hz: (loudest * context.sampleRate) / analyser.fftSize, rms: Math.sqrt(energy) };
    };
  };

  window.zvonilkaTest = {
    /** Milliseconds from `from` (of `performance.now()`) until sound is heard. */
    async firstSound(from) {
      while (!track("audio")) await pause(5);
      const listen = await ear();
      while (listen().rms < 0.01) await pause(5);
      return performance.now() - from;
    },

    /** The loudest frequency and the loudness, the middle of ten looks. */
    async hear() {
      const listen = await ear();
      const looks = [];
      for (let look = 0; look < 10; look++) {
        await pause(150);
        looks.push(listen());
      }
      const middle = (of) => looks.map(of).sort((a, b) => a - b)[5];
      return { hz: middle(({ hz }) => hz), rms: middle(({ rms }) => rms) };
    },

    /** The mean colour of the other side's picture, and how many different frames were seen. */
    async see() {
      const video = document.createElement("video");
      video.muted = true;
      video.srcObject = new MediaStream([track("video")]);
      await video.play();
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
      return { frames: frames.size, colour: mean.map(Math.round) };
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
