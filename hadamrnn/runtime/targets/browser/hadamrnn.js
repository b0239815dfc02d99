// A packed model (.hrnn) in JavaScript: the C runtime as WebAssembly, without imports.
//
//     const model = await HadamrnnModel.open(wasmBytes, fileBytes);
//     model.reset();
//     for (const input of sequence) model.step(input);      // Int8Array, or a symbol's number
//     const logits = model.logits();                        // Int32Array; the largest is the class
//
// The same integers as hadamrnn.integer in Python and as C everywhere else.
"use strict";

const HR_STATUS = [
  "ok", "null pointer", "wrong state", "wrong input", "bad symbol", "too many steps",
  "no packed model of this version", "damaged", "a field is out of its range",
  "a 32-bit sum could overflow",
];

class HadamrnnModel {
  // wasm, file : Uint8Array. Throws where the file is refused, as hr_load does.
  static async open(wasm, file) {
    const { instance } = await WebAssembly.instantiate(wasm, {});
    return new HadamrnnModel(instance.exports, file);
  }

  constructor(c, file) {
    const room = (bytes) => {
      const address = c.browser_room(bytes) >>> 0;
      if (!address) throw new Error("hadamrnn: no memory for " + bytes + " bytes");
      return address;
    };
    const address = room(file.length || 1);
    new Uint8Array(c.memory.buffer).set(file, address);
    this.c = c;
    this._check(c.browser_open(address, file.length));
    this.hiddenSize = c.browser_hidden_size();
    this.inputSize = c.browser_input_size();
    this.outputSize = c.browser_output_size();
    this.sumBits = c.browser_sum_bits();
    this.limit = 2 ** (c.browser_activation_bits() - 1) - 1; // states lie in [-limit, limit]
    this.symbols = c.browser_reads_symbols() === 1;
    this._input = room(this.inputSize);
  }

  _check(status) {
    if (status) throw new Error("hadamrnn: " + (HR_STATUS[status] || status));
  }

  _view(type, address, length) {
    return new type(this.c.memory.buffer, address >>> 0, length); // anew: memory may have grown
  }

  reset() {
    this._check(this.c.browser_reset());
  }

  // input : inputSize integers of -128 to 127, or the number of a symbol.
  step(input) {
    if (this.symbols) {
      this._check(this.c.browser_symbol(input));
      return;
    }
    if (input.length !== this.inputSize) {
      throw new Error("hadamrnn: a step takes " + this.inputSize + " integers; got " + input.length);
    }
    this._view(Int8Array, this._input, this.inputSize).set(input);
    this._check(this.c.browser_step(this._input));
  }

  // A copy of the scores after the steps so far.
  logits() {
    this._check(this.c.browser_read_out());
    return this._view(Int32Array, this.c.browser_logits(), this.outputSize).slice();
  }

  // The state itself, which the next step overwrites.
  hidden() {
    return this._view(Int16Array, this.c.browser_hidden(), this.hiddenSize);
  }

  // The sums of a mean readout, or nothing.
  sums() {
    const type = { 16: Uint16Array, 32: Uint32Array }[this.sumBits];
    return type ? this._view(type, this.c.browser_sums(), this.hiddenSize) : new Uint16Array(0);
  }
}
