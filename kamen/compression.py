"""Pages travel compressed; what must not be guessed from the length of an answer does not."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class Pages(GZipMiddleware):
    """Compresses pages, and nothing else.

    Files and streams go as they are: pictures and archives are compressed already. A page that nobody may keep
    (`no-store`) shows a code or another secret: the length of its compressed form would say something about what is
    on it to whoever sees the length and can put words of their own beside it (BREACH). For all the others Django adds
    a random length, and masks the CSRF token anew each time.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.streaming or not is_page or "no-store" in response.headers.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)
