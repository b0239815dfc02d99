"""Stage evaluate: the one place that reads test data -> results/<benchmark>/metrics.json."""

import sys

from hadamrnn.params import Settings
from stages import cards, common, scored

BATCH = 250


def main(settings: Settings) -> None:
    """Score one benchmark's model; write confusion.csv and the model card too."""
    from hadamrnn import files, integer
    from hadamrnn.evaluation import assessment, card_facts, model_card, summary
    from hadamrnn.evaluation.tasks import Task
    from hadamrnn.metrics import merge
    from hadamrnn.models import storage
    from hadamrnn.models.baselines.common import Baseline
    from hadamrnn.prepared import arrays, lengths
    from hadamrnn.prepared.coding import Coding
    from hadamrnn.training.batches import Batches

    name = settings.benchmark
    folder, exports, results = common.prepared(name), common.exports(name), common.results(name)
    scored.drop_those_of_another_model(name)
    remedy = f"run dvc repro export@{name}"
    train = files.read_json(results / "train.json", f"run dvc repro train@{name}", sealed=True)
    parameters = card_facts.parameters(settings, train.pop("chosen", {}))
    for words in ("machine", "checksums"):  # tables of metrics show figures
        train.pop(words, None)
    model, config = storage.load(common.models(name))
    baseline = isinstance(model, Baseline)  # of which nothing but its size was exported
    shipped = ("size.json",) if baseline else ("model.hrnn", "model.h", "model.onnx")
    files.check_sums(exports, shipped, remedy)
    card = arrays.read_card(folder)
    inputs, targets = arrays.load(folder, "test")
    coding, steps = Coding.from_card(card), lengths.read(folder, "test", card)
    real, task = coding.decode(inputs), Task(card, targets, steps)
    test = Batches(inputs, targets, coding=coding, batch_size=BATCH, lengths=steps)
    logits = {"float": task.real(assessment.float_logits(model, test))}
    torch_latency = assessment.torch_latency_us(model, real[:1])
    if baseline:
        exported = {**assessment.NOTHING_SHIPPED, **files.read_json(exports / "size.json", remedy)}
    else:
        exported, logits["integer"] = assessment.of_export(
            exports, inputs, real, logits["float"], config, task
        )
    logits["float"] = merge(logits["float"], model.class_of)
    answers = {part: task.answers(values) for part, values in logits.items()}
    metrics = {
        "float": task.scores(answers["float"]),
        **exported,
        "majority": task.guess(),
        "latency_us": {**exported["latency_us"], "torch_sequence": torch_latency},
        "train": train,
    }
    predicted = task.predicted(answers.get("integer", answers["float"]))
    assessment.add_details(metrics, answers, folder, task)
    rows = assessment.confusion_rows(task, predicted)
    described = card_facts.Facts(
        name=name,
        metrics=metrics,
        score=task.score,
        card=card,
        parameters=parameters,
        predicted=predicted,
        targets=task.wanted,
        model=None if baseline else integer.load(exports / "model.hrnn"),
    )
    scored.write(name, metrics, rows, model_card.text(described))
    print("\n".join(summary.lines(name, metrics, task.score)))


if __name__ == "__main__":
    cards.check_exports(sys.argv[-1])
    common.run(main, "evaluate")
    cards.place(sys.argv[1])
