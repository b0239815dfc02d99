// What IntegerModel.trace computes: a CRC-32 of the states, sums and logits of every step.
const CRC_TABLE = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  CRC_TABLE[i] = crc;
}

function add(crc, values) {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 255];
  return crc;
}

async function checksums(wasm, file, sequences) {
  const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const model = await HadamrnnModel.open(decode(wasm), decode(file));
  return sequences.map((sequence) => {
    let crc = ~0;
    model.reset();
    for (const input of sequence) {
      model.step(input);
      crc = add(add(add(crc, model.hidden()), Uint32Array.from(model.sums())), model.logits());
    }
    return ~crc >>> 0;
  });
}
