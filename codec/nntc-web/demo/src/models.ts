// The networks to choose from, files of this repository.
import digits from "../../../nntc/demo/digits.nntc?url";
import pictures from "../../../../reference_models/trained/images.cnn.nntc?url";

export interface Model {
  title: string;
  url: string;
  use: "digits" | "pictures";
}

export const MODELS: Model[] = [
  { title: "reader of digits, 327,000 weights, every bit kept", url: digits, use: "digits" },
  { title: "reader of pictures, 986,000 weights, pruned and quantized in training", url: pictures, use: "pictures" },
];
