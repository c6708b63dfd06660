// A picture and a tone made here, for those without a camera and for tests: colour bars, a clock, and a flash with each
// beep, so that it can be seen and heard whether the two are together.

const BARS = ["#ffffff", "#ffff00", "#00ffff", "#00ff00", "#ff00ff", "#ff0000", "#0000ff", "#101010"];
const TONE_HZ = 440;
const BEEP_HZ = 1320;
const BEEP_SECONDS = 0.1;
// -18 dBFS, the usual level of test tones.
const LEVEL = 0.125;

/** Return {stream, stop}. */
export async function testPicture({ width, height, fps, name }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d", { alpha: false });
  const sound = new AudioContext({ sampleRate: 48000 });
  // Browsers let a page sound only after a click, which is what has brought us here.
  await sound.resume();
  const out = sound.createMediaStreamDestination();
  const tone = voice(sound, out, TONE_HZ, LEVEL);
  const beep = voice(sound, out, BEEP_HZ, 0);
  let second = Math.floor(sound.currentTime);
  const paint = () => {
    const at = sound.currentTime;
    if (Math.floor(at) > second) {
      second = Math.floor(at);
      beep.level.setValueAtTime(LEVEL * 2, at);
      beep.level.setValueAtTime(0, at + BEEP_SECONDS);
    }
    draw(pen, width, height, at - second < BEEP_SECONDS, at, name);
  };
  paint();
  // A timer, not animation frames: these stop as soon as another tab is looked at.
  const timer = setInterval(paint, 1000 / fps);
  const stream = new MediaStream([...canvas.captureStream(fps).getTracks(), ...out.stream.getTracks()]);
  const stop = () => {
    clearInterval(timer);
    tone.stop();
    beep.stop();
    for (const track of stream.getTracks()) track.stop();
    return sound.close();
  };
  return { stream, stop };
}

function voice(sound, out, hertz, level) {
  const source = new OscillatorNode(sound, { frequency: hertz });
  const gain = new GainNode(sound, { gain: level });
  source.connect(gain).connect(out);
  source.start();
  return { level: gain.gain, stop: () => source.stop() };
}

function draw(pen, width, height, flash, at, name) {
  const bar = width / BARS.length;
  const top = height * 0.66;
  BARS.forEach((colour, number) => {
    pen.fillStyle = colour;
    pen.fillRect(Math.floor(number * bar), 0, Math.ceil(bar), top);
  });
  pen.fillStyle = flash ? "#ffffff" : "#10202c";
  pen.fillRect(0, top, width, height - top);
  // Something that moves all the time shows what was lost.
  pen.fillStyle = "#00a0c8";
  pen.fillRect(((at % 4) / 4) * width, top, width / 60, height - top);
  pen.fillStyle = flash ? "#10202c" : "#ffffff";
  pen.font = `600 ${Math.round(height / 9)}px ui-monospace, monospace`;
  pen.textBaseline = "middle";
  pen.fillText(new Date().toISOString().slice(11, 22), width * 0.04, top + (height - top) * 0.36);
  pen.font = `${Math.round(height / 18)}px system-ui, sans-serif`;
  pen.fillText(name, width * 0.04, top + (height - top) * 0.76);
}
