"""Containers for tests: skipped, with the reason, where there is no Docker or no image."""

import docker
import pytest

from include.engines import containers


def docker_or_skip(image: str) -> docker.APIClient:
    try:
        cli = containers.docker_client("unix://var/run/docker.sock")
    except docker.errors.DockerException as error:
        pytest.skip(f"no Docker daemon answers: {error}")
    if not cli.images(name=image):
        pytest.skip(f"no image {image} here; the setting names another one")
    return cli


def has_image(image: str) -> bool:
    try:
        docker_or_skip(image)
    except pytest.skip.Exception:
        return False
    return True
