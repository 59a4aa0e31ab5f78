"""Checks that ask the service itself: whether it answers, its clock, and whether it accepts the key."""

from __future__ import annotations

from confirma_async.client import Confirma
from confirma_async.contract import VALIDATE_TOKEN
from confirma_async.doctor.context import Context
from confirma_async.doctor.findings import Finding, bad, doubtful, good
from confirma_async.errors import (
    AuthenticationError,
    CallError,
    PermissionDeniedError,
    ResponseDecodeError,
    TransportError,
)
from confirma_async.session.retry import RetryPolicy, http_date
from confirma_async.session.transport import Request

SKEW_NOTICED = 10.0
"""Seconds that the clocks may differ; an answer's date has whole seconds, and it was on its way."""
SKEW_ENDURED = 300.0
"""Seconds from which on the clock of this machine is plainly wrong."""


async def check_service(context: Context) -> Finding:
    """Check whether the service answers a request that carries no key."""
    from confirma_async.session.connection.http import AiohttpTransport

    operation = context.setup.overrides.applied(VALIDATE_TOKEN)
    url = context.base_url + operation.path
    request = Request(operation.method, url, {"Accept": "application/json"}, None, context.setup.timeout)
    transport = AiohttpTransport(ssl_context=context.setup.ssl_context)
    try:
        context.answer = await transport.send(request)
    except TransportError as error:
        return bad(str(error), "try again later; if it stays so, ask the vendor")
    finally:
        await transport.close()
    context.answered_at = context.setup.now()
    status = context.answer.status
    if status >= 500:
        return bad(f"the service fails (HTTP {status})", "try again later, or ask the vendor")
    if status not in {200, 400, 401, 403}:  # what the vendor documents for this call
        return doubtful(
            f"something answers, but not as documented (HTTP {status})",
            "check that the base URL is the service's, and not a page of your network's",
        )
    return good("the service answers")


async def check_clock(context: Context) -> Finding:
    """Compare the service's clock with the clock of this machine."""
    date = context.answer.headers.get("Date") if context.answer else None
    moment = http_date(date)
    if moment is None:
        return doubtful(
            "the service does not say its time", "check that this machine's clock is synchronised"
        )
    skew = context.answered_at - moment
    if abs(skew) <= SKEW_NOTICED:
        return good("the clock of this machine agrees with the service's")
    message = (
        f"the clock of this machine is {skew:.0f} s ahead of the service's"
        if skew > 0
        else f"the clock of this machine is {-skew:.0f} s behind the service's"
    )
    remedy = "synchronise it (NTP): dates of invoices, certificates and waiting times hang on it"
    return (bad if abs(skew) > SKEW_ENDURED else doubtful)(message, remedy)


async def check_accepted(context: Context) -> Finding:
    """Check whether the service accepts the key."""
    setup = context.setup
    other = "production" if context.environment.name == "STAGING" else "staging"
    client = Confirma(
        context.key,
        environment=context.environment,
        base_url=context.base_url,
        timeout=setup.timeout,
        retry=RetryPolicy(attempts=1),
        overrides=setup.overrides,
        ssl_context=setup.ssl_context,
    )
    async with client:
        try:
            validity = await client.onboarding.validate_token()
        except AuthenticationError:
            remedy = f"get a new one (onboarding.renew_token()), or check that it is not of {other}"
            return bad("the service does not accept the API key", remedy)
        except PermissionDeniedError:
            remedy = "set a client's token; the provisioning token is only for making clients"
            return bad("the API key is not of the right kind", remedy)
        except ResponseDecodeError:
            remedy = "check that the base URL is the service's; contract.check() tells what differs"
            return bad("the answer is not the one that is documented", remedy)
        except CallError as error:
            return bad(str(error), "try again later")
    if not validity.is_valid:
        return bad("the service says that the API key is not valid", "get a new one")
    return good("the service accepts the API key")
