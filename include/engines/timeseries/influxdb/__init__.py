"""InfluxDB 2.7 in a container of the run.

The client is imported by the task that needs it: DAG files are parsed all the time.
"""

from include.core.settings import Settings
from include.engines.containers import ContainerService, Server

PORT = 8086
ORGANISATION = "platform"


class InfluxDB:
    """Loads each window into the server and aggregates it with Flux."""

    name = "influxdb"

    def service(self, settings: Settings) -> ContainerService:
        """The server, set up with one organisation and the run's token."""
        return ContainerService(
            name=self.name,
            image=settings.image_of(self.name, "influxdb:2.7"),
            ports=(PORT,),
            ready_path="/ready",
            secret_variable="DOCKER_INFLUXDB_INIT_ADMIN_TOKEN",
            environment={
                "DOCKER_INFLUXDB_INIT_MODE": "setup",
                "DOCKER_INFLUXDB_INIT_USERNAME": "platform",
                "DOCKER_INFLUXDB_INIT_PASSWORD": "unused-behind-the-token",
                "DOCKER_INFLUXDB_INIT_ORG": ORGANISATION,
                "DOCKER_INFLUXDB_INIT_BUCKET": "unused",
                "INFLUXD_REPORTING_DISABLED": "true",
                # Its window needs 1.5 GiB. Garbage may stay while there is room: loading is a tenth
                # quicker.
                "GOMEMLIMIT": "3GiB",
                "GOGC": "400",
            },
            memory_limit="4g",
        )

    def aggregate(self, settings: Settings, server: Server | None) -> str:
        """See the port."""
        from include.engines.timeseries.influxdb.client import aggregate  # noqa: PLC0415  # slow

        assert server is not None
        return aggregate(settings, f"http://{server.address(PORT)}", server.secret)


ENGINE = InfluxDB()
