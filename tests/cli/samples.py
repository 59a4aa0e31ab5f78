"""Requests in their wire form."""

CLIENT = {
    "service": {"type": "LIFECYCLE", "partnerCode": "partner"},
    "client": {"name": "Seller Oy", "businessCode": "0737546-2"},
}
LEDGER = {
    "ledgers": {
        "ledgerIdentifier": "2026-11",
        "companyIdentifier": "0737546-2",
        "documentType": "ML",
        "documentName": "November",
        "documentDate": "2026-11-30",
        "documentDescription": "Sales of November",
        "calculationMode": "GROSS",
        "ledgerRows": [
            {"bookingDate": "2026-11-30", "accountNumber": "1700", "amount": 125.50, "netAmount": 125.50},
            {"bookingDate": "2026-11-30", "accountNumber": "3000", "amount": -125.50, "netAmount": -100.00},
            {
                "bookingDate": "2026-11-30",
                "accountNumber": "2939",
                "amount": -25.50,
                "netAmount": -25.50,
                "isVatRow": 1,
            },
        ],
    }
}
PAYMENTS = {
    "payments": [
        {
            "paymentIdentifier": "p-1",
            "invoiceNumber": "1042",
            "paymentDate": "2026-11-20",
            "amount": 125.50,
            "currency": "EUR",
            "targetIdentifier": "invoicenumber",
        }
    ]
}
