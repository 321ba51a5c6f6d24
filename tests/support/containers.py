"""Containers for tests: skipped, with the reason, where there is no Docker or no image."""

import docker
import pytest

from include.engines import containers


def docker_or_skip(image: str) -> docker.APIClient:
    cli = _client_with(image)
    if isinstance(cli, str):
        pytest.skip(cli)
    return cli


def has_image(image: str) -> bool:
    return not isinstance(_client_with(image), str)


def _client_with(image: str) -> docker.APIClient | str:
    """A client of a daemon that has the image, or why there is none."""
    try:
        cli = containers.docker_client("unix://var/run/docker.sock")
    except docker.errors.DockerException as error:
        return f"no Docker daemon answers: {error}"
    if not cli.images(name=image):
        return f"no image {image} here; the setting names another one"
    return cli
