// The page: a drawing becomes 28 by 28 pixels as in MNIST, and the model reads them.
const SIDE = 28, INK = 20, PEN = 2.1;
const EXAMPLES = [
  [[[60, 70], [110, 40], [170, 55], [175, 100], [125, 130], [180, 165], [178, 215], [120, 240],
    [60, 215]]],
  [[[60, 60], [200, 60], [160, 130], [115, 240]]],
  [[[70, 90], [95, 50], [150, 45], [180, 85], [160, 140], [70, 235], [195, 235]]],
  [[[140, 45], [90, 75], [70, 150], [95, 225], [150, 235], [195, 180], [195, 100], [140, 45]]],
  [[[90, 50], [75, 145], [190, 145]], [[165, 60], [155, 240]]],
];
const find = (id) => document.getElementById(id);
const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const still = matchMedia("(prefers-reduced-motion: reduce)");
let strokes = [], model = null, chosen = null, pixels = null, frame = 0, example = 0;

// Through the middles of neighbouring points, so that a drawing by hand has no corners.
function trace(context, move) {
  for (const stroke of strokes) {
    const points = stroke.map(move);
    context.beginPath();
    context.moveTo(...points[0]);
    for (let i = 1; i < points.length - 1; i++) {
      const [x, y] = points[i], [a, b] = points[i + 1];
      context.quadraticCurveTo(x, y, (x + a) / 2, (y + b) / 2);
    }
    context.lineTo(...points[points.length - 1]);
    context.stroke();
  }
}

function pen(canvas, width) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, canvas.width, canvas.height);
  Object.assign(context, { lineWidth: width, lineCap: "round", lineJoin: "round" });
  context.strokeStyle = "#fff";
  return context;
}

// 784 grey values: ink within 20 by 20 pixels, its centre of mass in the middle, as MNIST has it.
function picture() {
  const all = strokes.flat(), grey = new Uint8Array(SIDE * SIDE);
  if (!all.length) return grey;
  const ends = [0, 1].map((k) => [Math.min(...all.map((p) => p[k])), Math.max(...all.map((p) => p[k]))]);
  const size = Math.max(ends[0][1] - ends[0][0], ends[1][1] - ends[1][0], 40);
  const scale = (INK - PEN) / size, middle = ends.map(([low, high]) => (low + high) / 2);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const shift = [0, 0];
  for (let round = 0; round < 2; round++) {
    const context = pen(canvas, PEN);
    trace(context, (p) => [0, 1].map((k) => (p[k] - middle[k]) * scale + SIDE / 2 - shift[k]));
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    let mass = 0, across = 0, down = 0;
    for (let i = 0; i < grey.length; i++) {
      grey[i] = data[4 * i + 3];
      mass += grey[i];
      across += grey[i] * ((i % SIDE) + 0.5);
      down += grey[i] * (Math.floor(i / SIDE) + 0.5);
    }
    shift[0] += across / mass - SIDE / 2;
    shift[1] += down / mass - SIDE / 2;
  }
  return grey;
}

function showPaper() {
  trace(pen(find("paper"), 21), (p) => p);
}

function showSeen(count) {
  const context = find("seen").getContext("2d"), image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < pixels.length; i++) {
    const at = chosen.order ? chosen.order[i] : i, value = pixels[at];
    const colour = i < count ? [value, value, value] : [22 + value / 8, 34 + value / 8, 52 + value / 8];
    image.data.set(i === count - 1 && count < pixels.length ? [255, 140, 0] : colour, 4 * at);
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  find("step").textContent = "step " + count + " of " + pixels.length;
}

function showState() {
  const hidden = model.hidden(), canvas = find("state");
  canvas.width = canvas.height = Math.ceil(Math.sqrt(hidden.length));
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.width);
  hidden.forEach((value, i) => {
    const part = Math.min(1, Math.sqrt(Math.abs(value) / model.limit) * 1.4);
    const end = value < 0 ? [56, 140, 230] : [240, 130, 30];
    image.data.set([...end.map((c) => 24 + (c - 24) * part), 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

function showScores(count) {
  const logits = model.logits(), best = logits.indexOf(Math.max(...logits));
  const low = Math.min(...logits), wide = Math.max(1, logits[best] - low);
  [...find("scores").children].forEach((row, digit) => {
    row.classList.toggle("best", digit === best && count > 0);
    row.lastChild.style.width = count ? (100 * (logits[digit] - low)) / wide + "%" : "0";
  });
  const done = count === pixels.length;
  find("answer").textContent = done ? "I read a " + best + "." : count ? "so far: " + best : "";
}

function stop() {
  cancelAnimationFrame(frame);
  find("answer").textContent = "";
}

function read() {
  stop();
  pixels = picture();
  model.reset();
  const pace = still.matches ? pixels.length : Number(find("pace").value);
  let count = 0;
  const go = () => {
    for (const last = Math.min(pixels.length, count + pace); count < last; count++) {
      const at = chosen.order ? chosen.order[count] : count;
      model.step([chosen.inputs[pixels[at]]]);
    }
    showSeen(count);
    showState();
    showScores(count);
    if (count < pixels.length) frame = requestAnimationFrame(go);
  };
  go();
}

async function choose(number) {
  stop();
  chosen = MODELS[number];
  model = await HadamrnnModel.open(decode(WASM), decode(chosen.file));
  find("shape").textContent =
    model.hiddenSize + " integers from " + -model.limit + " to " + model.limit + "; blue is negative";
  find("facts").textContent = chosen.facts;
  read();
}

function draw(event) {
  const box = find("paper").getBoundingClientRect();
  const point = [event.clientX - box.left, event.clientY - box.top].map((v) => (280 * v) / box.width);
  if (event.type === "pointerdown") {
    if (find("answer").textContent.endsWith(".")) strokes = []; // what was read makes room
    stop();
    find("paper").setPointerCapture(event.pointerId);
    strokes.push([point]);
  } else if (event.buttons && strokes.length) {
    strokes[strokes.length - 1].push(point);
  }
  showPaper();
}

function showExample() {
  strokes = EXAMPLES[example++ % EXAMPLES.length].map((stroke) => stroke.slice());
  showPaper();
  if (model) read();
}

for (let digit = 0; digit < 10; digit++) {
  const row = document.createElement("div");
  row.className = "score";
  row.append(String(digit), document.createElement("div"));
  find("scores").append(row);
}
MODELS.forEach((entry, i) => find("model").add(new Option(entry.title, i)));
for (const type of ["pointerdown", "pointermove"]) find("paper").addEventListener(type, draw);
find("read").onclick = read;
find("clear").onclick = () => { strokes = []; stop(); showPaper(); };
find("example").onclick = showExample;
find("model").onchange = () => choose(Number(find("model").value));
showExample();
choose(0);
