"""Files as answers."""

from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from include.serving.api.errors import not_found


class OpenedFile(FileResponse):
    """A file that is opened before the answer begins: one that was removed just now is a 404, and
    one that is removed while it is sent is sent whole.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Raises Problem: 404."""
        try:
            file = open(self.path, "rb")  # noqa: PTH123, SIM115  # closed below
        except FileNotFoundError:
            raise not_found("such file any more") from None
        with file:
            self.path = f"/dev/fd/{file.fileno()}"
            await super().__call__(scope, receive, send)
