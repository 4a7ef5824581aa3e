"""Registers a model of one tensor in MLflow, with MLflow's own client, and fetches it as CI would to scan it.

python register.py TRACKING_URI FOLDER NAME...: prints the number of each version; its artefacts are in FOLDER/NAME/NUMBER then.
"""

import struct
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

HEADER = b'{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'


def register(uri: str, name: str, folder: Path) -> str:
    """The number of the new version."""
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    number = len(client.search_model_versions(f"name='{name}'")) + 1
    with mlflow.start_run() as run, TemporaryDirectory() as made:
        place = Path(made) / "model.safetensors"
        place.write_bytes(struct.pack("<Q", len(HEADER)) + HEADER + struct.pack("<f", number))
        mlflow.log_artifact(str(place), "model")
    source = f"{run.info.artifact_uri}/model"
    version = client.create_model_version(name, source, run.info.run_id)
    place = folder / name / str(version.version)
    place.mkdir(parents=True)
    mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=str(place))
    return str(version.version)


if __name__ == "__main__":
    for wanted in sys.argv[3:]:
        print(register(sys.argv[1], wanted, Path(sys.argv[2])))
