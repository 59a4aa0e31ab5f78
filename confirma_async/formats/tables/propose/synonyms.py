"""What people call the columns of invoices in Finnish, Swedish and English.

All in lower case, with single spaces for everything that is no letter and no digit, and ``percent`` for %.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BY_COLUMN: Mapping[str, str] = {
    "number": "laskun numero, laskunumero, laskun no, "
    "laskun nro, laskunro, lasku nro, lasku nr, laskunr, numero, nro, "
    "lasku, tositenumero, fakturanummer, fakturans nummer, fakturanr, faktura nr, faktura, nummer, "
    "invoice number, invoice no, invoice nr, invoice id, invoice, document number, document no, bill number",
    "type": "laji, laskulaji, laskun laji, tyyppi, laskutyyppi, laskun tyyppi, fakturatyp, typ, type, "
    "invoice type, document type",
    "date": "laskun päiväys, laskun päivämäärä, päivä, "
    "laskun pvm, laskupvm, laskupäivä, laskutuspäivä, päiväys, "
    "päivämäärä, pvm, fakturadatum, faktureringsdatum, datum, invoice date, billing date, issue date, "
    "document date, date",
    "due_date": "eräpäivä, eräpvm, erä pvm, maksupäivä, viimeinen maksupäivä, förfallodatum, förfallodag, "
    "förfaller, due date, payment due date, payment due, due, pay by",
    "currency": "valuutta, valuuttakoodi, valuta, valutakod, currency, currency code",
    "language": "laskun kieli, fakturaspråk, invoice language",
    "description": "otsikko, aihe, rubrik, ämne, subject, title",
    "additional_information": "lisätiedot, lisätieto, viesti, tilläggsuppgifter, meddelande, "
    "additional information, message",
    "order_date": "tilauspäivä, tilauspvm, orderdatum, beställningsdatum, order date",
    "order_number": "tilausnumero, tilausnro, tilaus, ostotilaus, ordernummer, ordernr, beställningsnummer, "
    "order number, order no, order, purchase order, po number, po",
    "buyer_reference": "viitteenne, asiakkaan viite, ostajan viite, er referens, kundens referens, "
    "köparens referens, your reference, buyer reference, customer reference",
    "sales_reference": "viitteemme, myyjän viite, vår referens, our reference, seller reference",
    "agreement": "sopimus, sopimusnumero, avtal, avtalsnummer, agreement, contract, contract number",
    "payment_reference": "viite, viitenumero, viitenro, maksuviite, laskun viite, pankkiviite, referens, "
    "referensnummer, betalningsreferens, ocr, ocr nummer, reference, reference number, payment reference, "
    "bank reference",
    "credited_number": "hyvitettävä lasku, hyvitettävän laskun numero, krediterad faktura, "
    "kredit av faktura, credited invoice, original invoice",
    "distribution_method": "lähetystapa, laskutustapa, leveranssätt för faktura, faktureringssätt, "
    "invoice delivery, delivery channel",
    "seller_business_id": "myyjän y tunnus, säljarens fo nummer, seller business id",
    "seller_name": "myyjä, myyjän nimi, säljare, säljarens namn, seller, seller name",
    "seller_iban": "iban, tilinumero, pankkitili, kontonummer, bankkonto, bank account",
    "seller_bic": "bic, swift, bic koodi, swift koodi, bic kod, bic code, swift code",
    "seller_bankgiro": "bankgiro, bg",
    "seller_postgiro": "plusgiro, postgiro, pg",
    "buyer_name": "asiakas, asiakkaan nimi, asiakasnimi, ostaja, ostajan nimi, nimi, yritys, yrityksen nimi, "
    "vastapuoli, kenelle, laskutettava, tilaaja, saaja, laskun saaja, motpart, beställare, mottagare, "
    "kund, kundnamn, kundens namn, köpare, namn, företag, företagsnamn, customer, customer name, buyer, "
    "buyer name, client, client name, company, company name, bill to, name",
    "buyer_customer_account": "asiakasnumero, asiakasnro, asiakas nro, asiakastunnus, kundnummer, kundnr, "
    "kund nr, customer number, customer no, customer id, client number, client id",
    "buyer_personal_identity_number": "henkilötunnus, hetu, sotu, personnummer, personbeteckning, "
    "personal identity number, national id",
    "buyer_business_id": "y tunnus, ytunnus, asiakkaan y tunnus, yritystunnus, fo nummer, "
    "organisationsnummer, organisationsnr, orgnr, org nr, business id, company id, registration number",
    "buyer_vat_code": "alv tunnus, alv numero, alvtunnus, vat tunnus, vat numero, momsnummer, momsnr, "
    "momsregistreringsnummer, vat nummer, vat number, vat id, vat code, vat no",
    "buyer_einvoice_account": "verkkolaskuosoite, verkkolaskutunnus, ovt, ovt tunnus, e laskuosoite, "
    "e fakturaadress, einvoice address, e invoice address",
    "buyer_einvoice_operator": "verkkolaskuoperaattori, operaattori, välittäjä, välittäjätunnus, "
    "operaattoritunnus, operatör, förmedlare, operator, intermediator",
    "buyer_gln": "gln, ean osoite",
    "buyer_language": "kieli, kielikoodi, språk, språkkod, language, language code",
    "buyer_street": "osoite, katuosoite, lähiosoite, asiakkaan osoite, laskutusosoite, adress, gatuadress, "
    "gata, faktureringsadress, address, street, street address, billing address, address line 1",
    "buyer_street2": "osoite 2, adress 2, address 2, address line 2",
    "buyer_postal_code": "postinumero, postinro, postnummer, postnr, postal code, postcode, zip, zip code",
    "buyer_city": "postitoimipaikka, toimipaikka, kaupunki, paikkakunta, ort, postort, stad, postanstalt, "
    "city, town",
    "buyer_country": "maa, maakoodi, maatunnus, land, landskod, country, country code",
    "buyer_contact_name": "yhteyshenkilö, kontaktperson, contact, contact person, attention, attn",
    "buyer_email": "sähköposti, sähköpostiosoite, laskutussähköposti, e post, epost, e postadress, "
    "e mail, email, email address, e mail address",
    "buyer_phone": "puhelin, puhelinnumero, puh, gsm, telefon, telefonnummer, tfn, mobil, phone, "
    "phone number, telephone, mobile",
    "delivery_date": "toimituspäivä, toimituspvm, leveransdatum, leveransdag, delivery date",
    "gross_amount": "laskun summa, laskun loppusumma, laskun yhteissumma, loppusumma, fakturabelopp, "
    "fakturasumma, invoice total, invoice amount, grand total",
    "net_days": "maksuehto, maksuehto pv, maksuaika, maksuaika pv, betalningsvillkor, "
    "betalningsvillkor dagar, kredittid, payment terms, payment term, terms, net days, credit days",
    "interest_percentage": "viivästyskorko, viivästyskorko percent, dröjsmålsränta, dröjsmålsränta percent, "
    "late interest, interest on arrears",
    "attachment": "liite, liitetiedosto, bilaga, bifogad fil, attachment, pdf",
    "row_product_code": "tuotekoodi, tuotenumero, tuotenro, nimikekoodi, artikelnummer, artikelnr, "
    "artikelkod, produktkod, product code, product number, item code, item number, article number, sku",
    "row_product_name": "tuote, tuotenimi, tuotteen nimi, nimike, palvelu, artikkeli, artikel, produkt, "
    "benämning, tjänst, product, product name, item, item name, article, service",
    "row_description": "selite, kuvaus, rivin kuvaus, laskuriviteksti, teksti, beskrivning, radtext, text, "
    "description, line text, line description, details",
    "row_quantity": "määrä, kpl, lkm, kappalemäärä, tunnit, antal, kvantitet, timmar, quantity, qty, hours",
    "row_unit": "yksikkö, yks, enhet, unit, unit of measure, uom",
    "row_unit_price": "yksikköhinta, a hinta, à hinta, ahinta, kappalehinta, tuntihinta, hinta, enhetspris, "
    "a pris, à pris, styckpris, timpris, pris, unit price, price, hourly rate",
    "row_discount_percentage": "alennus percent, alennusprosentti, ale percent, rabatt percent, "
    "rabattprocent, discount percent, discount percentage",
    "row_vat_percentage": "alv percent, alv prosentti, alvprosentti, alv kanta, alvkanta, verokanta, "
    "vero percent, moms percent, momsprocent, momssats, vat percent, vat percentage, vat rate, tax rate, "
    "tax percent",
    "row_net_amount": "veroton, veroton summa, veroton yhteensä, veroton hinta, netto, "
    "summa ilman alv, ilman alv, nettosumma, "
    "summa veroton, yhteensä veroton, alv 0 percent, summa alv 0 percent, nettobelopp, exkl moms, "
    "belopp exkl moms, summa exkl moms, utan moms, net, net amount, net total, excl vat, amount excl vat, "
    "total excl vat, subtotal",
    "row_vat_amount": "alv, vero, veron määrä, alv määrä, alv summa, arvonlisävero, moms, momsbelopp, vat, "
    "vat amount, tax, tax amount",
    "row_gross_amount": "verollinen, verollinen summa, verollinen yhteensä, brutto, bruttosumma, "
    "summa verollinen, inkl moms, belopp inkl moms, summa inkl moms, bruttobelopp, gross, gross amount, "
    "gross total, incl vat, amount incl vat, total incl vat",
    "row_account": "kirjanpitotili, myyntitili, bokföringskonto, ledger account, gl account",
    "row_cost_center": "kustannuspaikka, kp, kostnadsställe, cost center, cost centre",
    "row_project": "projekti, projektinumero, projekt, projektnummer, project, project number",
}


def _by_name(names: Mapping[str, str]) -> Mapping[str, str]:
    """Return the column that each name means, from the names of each column."""
    return {name.strip(): ours for ours, several in names.items() for name in several.split(",")}


SYNONYMS = _by_name(_BY_COLUMN)
"""The column that each name means, or several that it may mean."""

DOUBTFUL = _by_name(
    {
        "row_gross_amount": "summa, summa yhteensä, yhteissumma, kokonaissumma, maksettava, att betala, "
        "slutsumma, rivin summa, rivisumma, yhteensä, belopp, totalt, amount, total, total amount, sum",
    }
)
"""Names that leave open whether the amount includes VAT."""

_COUNTRIES = _by_name(
    {
        "FI": "suomi, finland",
        "SE": "ruotsi, sverige, sweden",
        "EE": "viro, estonia",
        "NO": "norja, norge",
        "DK": "tanska, danmark",
        "DE": "saksa, tyskland",
    }
)

WORDS: Mapping[str, Mapping[str, str]] = {
    "type": _by_name(
        {
            "INVOICE": "lasku, faktura",
            "CREDIT_NOTE": "hyvityslasku, hyvitys, kreditfaktura, kredit, kreditnota, credit",
            "REMINDER": "maksumuistutus, muistutus, betalningspåminnelse, påminnelse",
        }
    ),
    "distribution_method": _by_name(
        {
            "EINVOICE": "verkkolasku, e-lasku, e-faktura, einvoice, e-invoice",
            "EMAIL": "sähköposti, sähköpostilasku, e-post, email, e-mail",
            "LETTER": "kirje, posti, paperi, paperilasku, postitse, brev, papper, paper, letter",
            "SMS": "tekstiviesti, sms",
            "NONE": "ei lähetetä, ei",
        }
    ),
    "buyer_country": _COUNTRIES,
    "seller_country": _COUNTRIES,
    "recipient_country": _COUNTRIES,
    "delivery_country": _COUNTRIES,
    "buyer_language": _by_name({"fi": "suomi, finska", "sv": "ruotsi, svenska", "en": "englanti"}),
}
"""Words that people write in a column besides those of the SDK, in lower case, and the meaning of each."""

_CURRENCIES = re.compile(r"\b(eur|euroa?|sek|kr|nok|dkk|usd|gbp)\b")
_NO_LETTER = re.compile(r"[\W_]+")


def plain(title: str) -> str:
    """Return a title in the form of the names here, without a currency in it."""
    text = title.casefold().replace("%", " percent ").replace("€", " ")
    words = _NO_LETTER.sub(" ", text)
    return " ".join((_CURRENCIES.sub(" ", words).strip() or words).split())
